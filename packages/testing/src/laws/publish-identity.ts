import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Broker, OutboundRecord, PublishOutcome } from "@busbar/core/contract";
import type { Law } from "../law.ts";
import { ascending, bytesOf, numbersIn } from "../numbered.ts";
import { overlaid } from "../overlaid.ts";
import { record } from "../scene/records.ts";

/** E11 and I9: which publishes are the same one, and which are not. */
export const publishIdentityLaws: readonly Law[] = [
  {
    id: "E11",
    title: "each publish is a message, also where its id was used before, on its own topic or on another",
    everywhere: true,
    both: async (scene) => {
      const topics = [scene.topic("orders"), scene.topic("bills")] as const;
      const id = randomUUID();
      const consumer = await scene.client("consumer");
      const orders = await consumer.subscribe(topics[0]);
      const bills = await consumer.subscribe(topics[1]);
      const publisher = await scene.client("publisher");
      await publisher.publish(topics[0], bytesOf("0"), { id });
      await publisher.publish(topics[1], bytesOf("1"), { id });
      await publisher.publish(topics[0], bytesOf("2"), { id });
      await scene.arrives(bills, 1, "the same id on another topic is another message");
      await scene.arrives(orders, 2, "the same id published again is another message");
      await scene.stays("each arrives once", () => orders.received.length === 2 && bills.received.length === 1);
      assert.deepEqual([...numbersIn(orders)].sort(ascending), [0, 2], "both of the one topic");
      assert.deepEqual(numbersIn(bills), [1], "and that of the other");
      for (const message of [...orders.received, ...bills.received])
        assert.equal(message.id, id, "and each has the id that it was given");
    },
  },
  {
    id: "I9",
    title: "a publish that is sent again, because its confirm was lost on the way, arrives once",
    everywhere: false,
    needs: ["publishDedupe", "atLeastOnce"],
    uses: ["link"],
    deadlines: 8,
    driver: async (scene) => {
      const topic = scene.topic("resent");
      const inbox = await (await scene.client("consumer")).subscribe(topic);
      const broker = await scene.broker("publisher");
      const first = record(topic, bytesOf("0"));
      await broker.publish(first);
      const again = await broker.publish({ ...first, sending: 2 });
      assert.equal(again.id, first.id, "sending again is confirmed as the message that it is");
      await broker.publish(record(topic, bytesOf("1"), { id: first.id, sending: 2 }));
      await scene.eventually("a resend whose first sending never arrived does", () => numbersIn(inbox).includes(1));
      await scene.noMoreThan(inbox, 2, "what is sent again arrives once");
    },
    bus: async (scene) => {
      if (!scene.hasLink) return scene.note("only on the driver, the harness has no link to cut");
      const topic = scene.topic("cut");
      const inbox = await (await scene.driverClient("consumer")).subscribe(topic);
      const link = await scene.link();
      const sendings: number[] = [];
      const linked = scene.adopt(await link.create(scene.member("publisher")));
      const broker = noting(linked, ({ sending }) => sendings.push(sending));
      const bus = await scene.busOver(broker, "publisher");
      await bus.publish(topic, bytesOf("0"));
      await scene.arrives(inbox, 1, "the first message arrives");
      link.holdAnswers();
      const publishing = bus.publish(topic, bytesOf("1"), { timeoutMs: 3 * scene.deadlineMs });
      const settled = { confirmed: false };
      publishing.then(
        () => (settled.confirmed = true),
        () => undefined,
      );
      await scene.arrives(inbox, 2, "the message reaches the broker while its confirm is held");
      link.sever();
      link.release();
      await scene.recovers("it is confirmed in the end", () => settled.confirmed);
      assert.deepEqual(sendings.slice(0, 3), [1, 1, 2], "the confirm was lost, so the bus has sent it again");
      await bus.publish(topic, bytesOf("2"));
      await scene.eventually("what follows arrives", () => numbersIn(inbox).includes(2));
      await scene.noMoreThan(inbox, 3, "what is sent again arrives once");
    },
  },
];

/** Tells of each record that is published, by whichever of the two ways. */
function noting(broker: Broker, note: (record: OutboundRecord) => void): Broker {
  return overlaid(broker, {
    publish: (each, options) => {
      note(each);
      return broker.publish(each, options);
    },
    ...(broker.post !== undefined && {
      post: (each: OutboundRecord, outcome: PublishOutcome) => {
        note(each);
        broker.post?.(each, outcome);
      },
    }),
  });
}
