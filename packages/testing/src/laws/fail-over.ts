import assert from "node:assert/strict";
import type { Law } from "../law.ts";
import { range } from "../numbered.ts";
import { Load } from "./resilience-load.ts";
import { comesBack, handle, nothingLost } from "./resilience.ts";

/** H4: what becomes of clients whose server ends where it is one of several. */
export const failOverLaws: readonly Law[] = [
  {
    id: "H4",
    title:
      "where one server of a cluster ends, its clients go on with the next in their list, and nothing confirmed is lost",
    everywhere: false,
    needs: ["groups", "durable", "atLeastOnce"],
    facility: "cluster",
    deadlines: 40,
    both: async (scene) => {
      const { cluster } = scene;
      const topic = scene.topic("cluster");
      const inGroup = { group: scene.group("cluster") };
      const handling = await handle(scene, await scene.client("consumer"), topic, inGroup);
      const load = new Load(await scene.client("publisher"), topic);
      load.burst(20);
      await scene.eventually("every message is handled", () => handling.tally.first.length === 20);
      // Each in its turn, since nobody knows which of them a client is at, and which of them leads.
      for (const member of range(0, cluster.size)) {
        const held = handling.hold();
        load.burst(50);
        await scene.recovers("handlers are at work", () => handling.held > 0);
        load.burst(50);
        await cluster.end(member);
        try {
          load.burst(20);
          held.open();
          await comesBack(scene, load, handling.tally, `the end of server ${member}`);
        } finally {
          await cluster.start(member);
        }
      }
      await nothingLost(scene, load, handling.tally);
      assert.deepEqual(handling.tally.overtaken(), [], "no message of a key is handled before an earlier one of it");
    },
  },
];
