import assert from "node:assert/strict";
import type { Law } from "../law.ts";
import { Shop, shopConfig, shopReport } from "./shop.ts";
import type { ShopReport } from "./shop.ts";

/** I15: one application, whatever carries its messages. */
export const parityLaws: readonly Law[] = [
  {
    id: "I15",
    title:
      "the same application does the same on every broker: what is handled, in which order, how often, what dies and what is answered",
    everywhere: true,
    needs: ["groups", "durable", "broadcast", "atLeastOnce", "deadLetters", "headers"],
    deadlines: 8,
    bus: async (scene) => {
      const names = {
        service: scene.member("shop"),
        steps: scene.topic("steps"),
        totals: scene.topic("totals"),
        billing: scene.group("billing"),
      };
      const bus = await scene.busFrom(shopConfig(names), await scene.unopened("shop"));
      const shop = new Shop(bus, names);
      const answered = scene.can("replies");
      if (!answered) scene.note("without requests, replies is unsupported");
      await scene.within("every handler is subscribed", shop.open({ answers: answered }));
      await scene.within("every step is confirmed", shop.sell());
      await scene.eventually(
        "every step is handled as often as it has to be, and seen",
        () => shop.isDone,
        () => shop.progress,
      );
      const answers = answered ? await shop.ask(scene.deadlineMs) : shopReport.answers;
      let report: ShopReport | undefined;
      await scene.eventually(
        "what cannot be handled is dead",
        async () => (report = await shop.report(answers)).dead.length >= shopReport.dead.length,
        () => report?.dead,
      );
      await scene.stays(
        "and nothing happens beside that",
        () => shop.progress === "11 of 11 billed, 8 of 8 observed",
        () => shop.progress,
      );
      assert.deepEqual(await shop.report(answers), shopReport, "what it comes to is the same as everywhere");
    },
  },
];
