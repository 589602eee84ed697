import assert from "node:assert/strict";
import type { Broker } from "@busbar/core/contract";
import { BusError } from "@busbar/core/driver";
import type { Law } from "../law.ts";
import { bytesOf } from "../numbered.ts";
import { record, subscribeRequest } from "../scene/records.ts";

/** G9 and G11: waiting for a message that is not there yet, and for a server that says nothing any more. */
export const waitingLaws: readonly Law[] = [
  {
    id: "G9",
    title: "whoever asks for the next message waits for it without asking again, and can give up",
    everywhere: true,
    needs: ["groups", "durable", "atLeastOnce"],
    deadlines: 6,
    bus: async (scene) => {
      const topic = scene.topic("empty");
      const options = { group: scene.group("empty"), deadLetter: false } as const;
      const calls = { count: 0 };
      const bus = await scene.busOver(counting(await scene.unopened("main"), calls), "main");
      const stream = await bus.messages<string>(topic, options);
      const asked = calls.count;
      let first: Awaited<ReturnType<typeof stream.next>> | undefined;
      const waiting = stream.next().then((result) => (first = result));
      await scene.stays("nothing comes of an empty topic", () => first === undefined);
      assert.equal(calls.count, asked, "nothing is asked of the driver while somebody waits");
      const publisher = await scene.bus("publisher");
      await publisher.publish(topic, "one");
      await scene.within("the message comes to who waits for it", waiting);
      assert.equal(first?.value?.payload, "one", "it is the one that was published");
      first?.value?.message.ack();
      assert.equal(scene.ledger.entries.length, 1, "all of it with one subscription");

      await publisher.publish(topic, "two");
      const second = await scene.within("the next message comes too", stream.next());
      assert.equal(second.value?.payload, "two", "each message comes once");
      const hanging = stream.next();
      const end = { done: true, value: undefined };
      assert.deepEqual(
        await scene.within("giving up ends", stream.return()),
        end,
        "giving up is the end of the stream",
      );
      assert.deepEqual(await scene.within("who waits is told", hanging), end, "also for who still waits");
      assert.deepEqual(await scene.within("who asks is told", stream.next()), end, "and for who asks later");
      const later = await bus.messages<string>(topic, options);
      const again = await scene.within("what nobody has settled comes again", later.next());
      assert.equal(again.value?.payload, "two", "what was acknowledged does not");
      again.value?.message.ack();
      await scene.within("closing ends", later.close());
    },
  },
  {
    id: "G11",
    title: "closing ends in time also when the server says nothing any more, and sooner for who cannot wait",
    everywhere: true,
    facility: "link",
    deadlines: 8,
    driver: async (scene) => {
      const link = await scene.link();
      const topic = scene.topic("silent");
      const open = async (name: string): Promise<Broker> => {
        const broker = scene.adopt(await link.create(scene.member(name)));
        await scene.within("the broker opens", broker.open());
        const received: unknown[] = [];
        await broker.subscribe(subscribeRequest(scene.member(name), topic), (delivery) => {
          received.push(delivery);
          delivery.settle("ack");
        });
        await broker.publish(record(topic, bytesOf(name)));
        await scene.eventually("messages are passed on while the server answers", () => received.length > 0);
        return broker;
      };
      const [patient, impatient] = [await open("patient"), await open("impatient")];
      link.swallow();
      const publishing = refusalOf(patient.publish(record(topic, bytesOf("unheard"))));
      await scene.within("closing ends although nobody answers", patient.close());
      const refusal = await scene.within("a publish that waits is told", publishing);
      assert.ok(BusError.is(refusal), `it is told in a typed error, not ${String(refusal)}`);
      const caller = new AbortController();
      const closing = impatient.close({ signal: caller.signal });
      caller.abort(new Error("the caller cannot wait"));
      const reason = await scene.within("closing ends for a caller who cannot wait", refusalOf(closing));
      assert.ok(
        reason === undefined || reason === caller.signal.reason,
        "if it rejects, then with the caller's reason",
      );
      link.sever();
    },
    bus: async (scene) => {
      const link = await scene.link();
      const [topic, never] = [scene.topic("silent"), scene.gate()];
      const bus = await scene.busOver(scene.adopt(await link.create(scene.member("main"))), "main");
      const signals: AbortSignal[] = [];
      await bus.subscribe(topic, { deadLetter: false }, async (_, { signal }) => {
        signals.push(signal);
        await never.passed();
      });
      await bus.publish(topic, "heard");
      await scene.eventually("the handler is at work", () => signals.length === 1);
      link.swallow();
      const publishing = refusalOf(bus.publish(topic, "unheard"));
      await scene.within("closing ends although nobody answers", bus.close({ deadlineMs: 50 }));
      assert.ok(signals[0]?.aborted, "the handler is told that it is cut off");
      const refusal = await scene.within("a publish that waits is told", publishing);
      assert.ok(BusError.is(refusal), `it is told in a typed error, not ${String(refusal)}`);
      link.sever();
    },
  },
];

/** Resolves to what the work rejects with, or to nothing. */
function refusalOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** The broker with every call to it counted. */
function counting(broker: Broker, calls: { count: number }): Broker {
  return new Proxy(broker, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name, of);
      if (typeof value !== "function") return value;
      return (...given: unknown[]): unknown => {
        calls.count++;
        return value.apply(of, given);
      };
    },
  });
}
