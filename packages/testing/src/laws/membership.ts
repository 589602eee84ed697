import assert from "node:assert/strict";
import type { Law } from "../law.ts";
import type { Link } from "../link.ts";
import { numbersIn, publishNumbered, range } from "../numbered.ts";
import type { Inbox } from "../scene/client.ts";
import { joinGroup } from "../scene/group-member.ts";
import type { Scene } from "../scene/scene.ts";
import { Load, Tally } from "./resilience-load.ts";

/** B11 and D9: what becomes of messages when members come and go, and who has which while they stay. */
export const membershipLaws: readonly Law[] = [
  {
    id: "B11",
    title: "members of a group come, go and die under load, also with messages unsettled, and every message is handled",
    everywhere: false,
    needs: ["groups", "durable", "atLeastOnce"],
    uses: ["link", "lease"],
    deadlines: 14,
    both: async (scene) => {
      const load = new Load(await scene.client("publisher"), scene.topic("group"), 64);
      const tally = new Tally();
      await join(scene, "staying", tally);
      load.start();
      const leaving = await join(scene, "leaving", tally);
      await scene.eventually("a member that joins gets messages", () => leaving.begun() > 5);
      await scene.within("a member leaves", leaving.leave());
      const abandoning = await join(scene, "abandoning", undefined);
      await scene.eventually("a member has messages that it does not settle", () => abandoning.begun() > 5);
      await scene.within("a member leaves with messages unsettled", abandoning.leave());
      if (scene.hasLink) await dies(scene);
      else scene.note(`none of them dies, ${scene.missing("link")}`);
      const last = await join(scene, "last", tally);
      await scene.eventually("a member that joins later gets messages too", () => last.begun() > 5);
      if (scene.can("memberNames")) {
        scene.note("members that have left come back for their share, which the server keeps for them by name");
        for (const name of ["leaving", "abandoning", ...(scene.hasLink ? ["dying"] : [])])
          await join(scene, name, tally);
      }
      await scene.within("every publish is confirmed", load.end());
      assert.deepEqual(load.refused, [], "no publish is refused");
      const missing = (): readonly number[] => tally.missing(load.confirmed);
      await scene.recovers("every message is handled by one of them", () => missing().length === 0, missing);
    },
  },
  {
    id: "D9",
    title: "messages of one key go to one member, in their order, for as long as nobody joins or leaves",
    everywhere: false,
    needs: ["groups", "durable", "atLeastOnce", "keyOrderAcrossMembers"],
    deadlines: 6,
    both: async (scene) => {
      const [topic, group, keys, each] = [scene.topic("by-key"), scene.group("by-key"), 31, 3];
      const inboxes: Inbox[] = [];
      for (const name of ["member-1", "member-2"])
        inboxes.push(await (await scene.client(name)).subscribe(topic, { group }));
      const publisher = await scene.client("publisher");
      const got = (): number => inboxes.reduce((sum, { received }) => sum + received.length, 0);
      // Twice, so that it is seen that a key stays where it was when it was away for a while.
      for (const time of [0, 1]) {
        const [from, to] = [time * keys * each, (time + 1) * keys * each];
        await publishNumbered(publisher, topic, [from, to], (index) => ({ key: `key-${index % keys}` }));
        await scene.eventually("every message arrives", () => got() >= to, got);
      }
      await scene.stays("nothing arrives beside them", () => got() === 2 * keys * each, got);
      for (const inbox of inboxes) assert.ok(inbox.received.length > 0, "each member has keys of its own");
      for (const key of range(0, keys)) {
        const shares = inboxes.map((inbox) => numbersIn(inbox).filter((number) => number % keys === key));
        const holders = shares.filter(({ length }) => length > 0);
        assert.equal(holders.length, 1, `all messages of key ${key} go to one member, not ${JSON.stringify(shares)}`);
        assert.deepEqual(
          holders[0],
          range(0, 2 * each).map((round) => round * keys + key),
          `in the order in which they were published`,
        );
      }
    },
  },
];

interface Member {
  /** How many messages it was given. */
  readonly begun: () => number;
  /** Ends its process. What it has not settled goes back. */
  leave(): Promise<void>;
}

/** A member has messages, and is gone without a word: its connection is cut, and nobody hears its goodbye. */
async function dies(scene: Scene): Promise<void> {
  const link = await scene.link();
  const dying = await join(scene, "dying", undefined, link);
  await scene.eventually("another one has messages that it does not settle", () => dying.begun() > 5);
  link.refuse();
  await scene.within("its process ends", dying.leave());
}

/** Joins the group of the case, as a process of its own. Without a tally it handles nothing of what it is given. */
async function join(scene: Scene, name: string, tally: Tally | undefined, link?: Link): Promise<Member> {
  const { leaseMs } = scene;
  let begun = 0;
  if (scene.face === "driver") {
    const member = await joinGroup(scene, name, {
      maxInFlight: 16,
      leaseMs,
      link,
      take: (delivery) => {
        begun++;
        setImmediate(() => {
          // Settling what is stale does nothing: somebody else has to handle it.
          if (tally === undefined || delivery.stale) return;
          tally.add(delivery.record);
          delivery.settle("ack");
        });
      },
    });
    return { begun: () => begun, leave: () => member.close() };
  }
  const never = scene.gate();
  const bus = await scene.busOver(await scene.unopenedOver(link, name, { leaseMs }), name);
  const options = { group: scene.group("group"), concurrency: 16, maxInFlight: 16, deadLetter: false } as const;
  await bus.subscribe<Uint8Array>(scene.topic("group"), options, async (body, { signal }) => {
    begun++;
    await (tally === undefined ? never.passed() : new Promise((resolve) => void setImmediate(resolve)));
    if (!signal.aborted) tally?.add({ body });
  });
  return {
    begun: () => begun,
    leave: () => bus.close({ deadlineMs: tally === undefined ? 0 : scene.deadlineMs }),
  };
}
