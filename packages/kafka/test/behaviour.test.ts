import { randomBytes } from "node:crypto";
import { createHook } from "node:async_hooks";
import { connect } from "@busbar/core";
import type { Delivery } from "@busbar/core/contract";
import type { BusError } from "@busbar/core/driver";
import kafkajs from "kafkajs";
import type { Producer } from "kafkajs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kafka } from "../src/index.ts";
import type { KafkaBroker, KafkaNative } from "../src/index.ts";
import { brokerUrl } from "./broker-url.ts";
import { bodies, clients, collect, Inbox, record, rejection, request, statuses, unique } from "./fixtures.ts";

const url = brokerUrl ?? "kafka://127.0.0.1:1";
const patience: KafkaNative = {
  heartbeatIntervalMs: 200,
  fetchWaitMs: 100,
  topicPollMs: 300,
  partitions: 3,
  revokeWaitMs: 2_000,
};

describe.skipIf(brokerUrl === undefined).each(clients)("Kafka through %s", (client) => {
  const native: KafkaNative = { ...patience, client };
  const make = (more: KafkaNative = {}): KafkaBroker => kafka({ url, native: { ...native, ...more } });
  let broker: KafkaBroker;
  let plain: InstanceType<typeof kafkajs.Kafka>;
  let producer: Producer;

  beforeAll(async () => {
    broker = make();
    await broker.open();
    plain = new kafkajs.Kafka({ brokers: [new URL(url).host], logLevel: kafkajs.logLevel.NOTHING });
    producer = plain.producer({
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false,
    });
    await producer.connect();
  });

  afterAll(async () => {
    await Promise.all([broker.close(), producer.disconnect()]);
  });

  const publishAll = (topic: string, texts: readonly string[], key?: (text: string) => string) =>
    Promise.all(texts.map((text) => broker.publish(record(topic, text, key === undefined ? {} : { key: key(text) }))));
  const numbers = (count: number, from = 0): string[] =>
    Array.from({ length: count }, (_, index) => String(index + from));
  const committed = async (group: string) => {
    const admin = plain.admin();
    await admin.connect();
    const offsets = await admin.fetchOffsets({ groupId: group });
    await admin.disconnect();
    return new Map(
      offsets.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset }) => [`${topic}:${partition}`, Number(offset)] as const),
      ),
    );
  };

  /** The one member that a group has. */
  const memberOf = async (group: string): Promise<string | undefined> => {
    const admin = plain.admin();
    await admin.connect();
    const { groups } = await admin.describeGroups([group]);
    await admin.disconnect();
    expect(groups[0]?.members).toHaveLength(1);
    return groups[0]?.members[0]?.memberId;
  };
  const createTopics = async (...topics: string[]) => {
    const admin = plain.admin();
    await admin.connect();
    await admin.createTopics({ topics: topics.map((topic) => ({ topic })) });
    await admin.disconnect();
  };
  const deleteTopic = async (topic: string) => {
    const admin = plain.admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [topic] });
    await admin.disconnect();
  };
  /** A cluster deletes a topic some time after it said so; resolves once it knows nothing of it. */
  const untilGone = async (topic: string) => {
    const admin = plain.admin();
    await admin.connect();
    while ((await admin.listTopics()).includes(topic)) await new Promise((resolve) => setTimeout(resolve, 20));
    await admin.disconnect();
  };
  /** As core does: again while the failure may pass. */
  const asCore = async (call: () => Promise<unknown>): Promise<void> => {
    for (let left = 50; ; left--) {
      const error = await call().then(
        () => undefined,
        (cause: unknown) => cause as BusError,
      );
      if (error === undefined) return;
      if (!error.retryable || left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  /** And again while it succeeds: a cluster deletes a topic some time after it said so. */
  const untilRefused = (call: () => Promise<unknown>): Promise<void> =>
    asCore(async () => {
      await call();
      throw Object.assign(new Error("It is not refused yet."), { retryable: true });
    });

  describe("publishing", () => {
    it("tells where each message was written, in the order of the calls for a key, where a Java client would put it", async () => {
      const topic = unique("publish.place");
      const receipts = await publishAll(topic, numbers(700), (text) => `k${Number(text) % 5}`);
      for (let key = 0; key < 5; key++) {
        const places = receipts
          .filter((_, index) => index % 5 === key)
          .map(({ position }) => position?.split("/") ?? []);
        expect(new Set(places.map(([name, partition]) => `${name}/${partition}`)).size).toBe(1);
        const offsets = places.map(([, , offset]) => Number(offset));
        expect(offsets).toEqual([...offsets].sort((one, other) => one - other));
      }
      const [foreign] = await producer.send({ topic, messages: [{ key: "k3", value: "x" }] });
      expect(receipts[3]?.position).toContain(`${topic}/${foreign?.partition}/`);
    });

    it("refuses a message that is too large alone, and keeps its connection", async () => {
      const topic = unique("publish.large");
      const seen = statuses(broker);
      const results = await Promise.allSettled([
        broker.publish(record(topic, "before")),
        broker.publish(record(topic, new Uint8Array(1_100_000))),
        broker.publish(record(topic, "after")),
      ]);
      expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(results[1]).toMatchObject({ reason: { code: "BUSBAR_TOO_LARGE", retryable: false, topic } });
      expect(seen.items).toEqual([]);
    });

    it("makes topics on demand as configured, and knows one that only has to be checked", async () => {
      const topic = unique("topology.create");
      await broker.publish(record(topic));
      const admin = plain.admin();
      await admin.connect();
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      await admin.disconnect();
      expect(topics[0]?.partitions).toHaveLength(3);
      for (const topology of ["check", "assume"] as const) {
        const strict = kafka({ url, topology, native });
        await strict.open();
        const missing = unique("topology.missing");
        expect(await rejection(strict.publish(record(missing)))).toMatchObject({
          name: "RefusedError",
          code: "BUSBAR_NOT_FOUND",
          retryable: false,
        });
        expect(await rejection(strict.subscribe(request(missing), () => {}))).toMatchObject({
          code: "BUSBAR_NOT_FOUND",
        });
        // A topic that is missing, or was deleted, does not spoil the others.
        const [doomed, fresh] = [unique("doomed"), unique("fresh")];
        await createTopics(doomed, fresh);
        await strict.publish(record(doomed));
        await deleteTopic(doomed);
        expect(await rejection(untilRefused(() => strict.publish(record(doomed))))).toMatchObject({
          code: "BUSBAR_NOT_FOUND",
          retryable: false,
        });
        await Promise.all([strict.publish(record(topic)), strict.publish(record(fresh))]);
        await strict.close();
      }
    });

    it("makes a topic once, however many want it at the same moment", async () => {
      const others = [make(), make()];
      await Promise.all(others.map((other) => other.open()));
      for (let round = 0; round < 3; round++) {
        const topic = unique("topology.race");
        const everybody = [broker, ...others].flatMap((each) => [
          each.publish(record(topic)),
          collect(each, request(topic)).then(({ subscriber }) => subscriber.remove()),
        ]);
        await Promise.all(everybody);
      }
      await Promise.all(others.map((other) => other.close()));
    });

    it("says why two names cannot be", async () => {
      const stem = unique("collide");
      await broker.publish(record(`${stem}.a`));
      const error = await rejection(broker.publish(record(`${stem}_a`)));
      expect(error).toMatchObject({ name: "RefusedError", retryable: false });
      expect(String(error)).toContain(`${stem}.a`);
    });

    it("goes on after a topic was deleted under it", async () => {
      const [topic, other] = [unique("deleted"), unique("kept")];
      await Promise.all([broker.publish(record(topic, "1")), broker.publish(record(other, "1"))]);
      await deleteTopic(topic);
      await untilGone(topic);
      await asCore(() => broker.publish(record(topic, "2")));
      await broker.publish(record(other, "2"));
    });

    it.each(["at-least-once", "at-most-once"] as const)(
      "reaches a topic at once though another that it wrote to is gone, %s",
      async (delivery) => {
        const own = make();
        await own.open();
        const [doomed, fresh] = [unique("deleted"), unique("fresh")];
        await own.publish(record(doomed, "1", { delivery }));
        await deleteTopic(doomed);
        await untilGone(doomed);
        const { inbox, subscriber } = await collect(broker, request(fresh));
        await Promise.all(["1", "2", "3"].map((text) => own.publish(record(fresh, text, { delivery, key: "one" }))));
        expect(bodies(await inbox.count(3))).toEqual(["1", "2", "3"]);
        await Promise.all([subscriber.close(), own.close()]);
      },
    );

    it("is unconfirmed where at most once is asked for", async () => {
      const topic = unique("publish.unconfirmed");
      const { inbox, subscriber } = await collect(broker, request(topic));
      const receipt = await broker.publish(record(topic, "x", { delivery: "at-most-once" }));
      expect(receipt.position).toBeUndefined();
      expect(bodies(await inbox.count(1))).toEqual(["x"]);
      await subscriber.close();
    });
  });

  describe("a subscription", () => {
    it("gets everything from the moment that it resolved, and holds a place in every partition by then", async () => {
      const topic = unique("subscribe.now");
      await publishAll(topic, numbers(12));
      const wanted = request(topic);
      const { inbox, subscriber } = await collect(broker, wanted);
      const places = await committed(wanted.name);
      expect([...places.keys()].sort()).toEqual([0, 1, 2].map((partition) => `${topic}:${partition}`));
      expect([...places.values()].reduce((sum, offset) => sum + offset, 0)).toBe(12);
      await publishAll(topic, numbers(16, 100));
      expect(
        bodies(await inbox.count(16))
          .map(Number)
          .sort((one, other) => one - other),
      ).toEqual(numbers(16, 100).map(Number));
      await subscriber.remove();
      expect((await committed(wanted.name)).size).toBe(0);
    });

    it("never commits past a message that is not settled, and gives it to the next member with all behind it", async () => {
      const topic = unique("hole");
      const wanted = request(topic);
      const first = await collect(broker, wanted, { settle: false });
      await publishAll(topic, numbers(6), () => "one key");
      const [a, hole, ...rest] = await first.inbox.count(6);
      // Each commit counts, not only the last one: the process may die after any of them.
      for (const [settled, place] of [
        [rest, 0],
        [[a], 1],
      ] as const) {
        for (const delivery of settled) delivery?.settle("ack");
        await first.subscriber.flush();
        expect(Math.max(...(await committed(wanted.name)).values())).toBe(place);
      }
      await first.subscriber.close();
      expect(hole?.stale).toBe(true);
      const second = await collect(broker, wanted);
      expect(bodies(await second.inbox.count(5))).toEqual(["1", "2", "3", "4", "5"]);
      expect(second.inbox.items.map(({ position }) => position)).toContain(hole?.position);
      await second.subscriber.close();
    });

    it("has never more out than its credit, lets one slow message hold up nobody, and stays a member meanwhile", async () => {
      const topic = unique("credit");
      const short = make({ sessionTimeoutMs: 1_500 });
      await short.open();
      const seen = statuses(short);
      const held = new Inbox<() => void>();
      let out = 0;
      let most = 0;
      let again = 0;
      const handled = new Inbox<string>();
      const wanted = request(topic, { maxInFlight: 4 });
      const subscriber = await short.subscribe(wanted, (delivery) => {
        if (delivery.redelivered) again++;
        most = Math.max(most, ++out);
        const text = Buffer.from(delivery.record.body).toString();
        const done = (): void => {
          out--;
          delivery.settle("ack");
          handled.add(text);
        };
        if (text === "slow") held.add(done);
        else setImmediate(done);
      });
      await broker.publish(record(topic, "slow", { key: "slow" }));
      await held.count(1);
      await publishAll(topic, numbers(400));
      await handled.count(400);
      // Full: four slow ones; far longer than the session would last without a sign of life.
      await Promise.all(numbers(40).map(() => broker.publish(record(topic, "slow", { key: "slow" }))));
      await held.count(4);
      const member = await memberOf(wanted.name);
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      expect(await memberOf(wanted.name)).toBe(member);
      expect(most).toBe(4);
      expect(held.items).toHaveLength(4);
      for (let index = 0; index < 41; index++) {
        await held.count(index + 1);
        held.items[index]?.();
      }
      await handled.count(441);
      expect([most, again]).toEqual([4, 0]);
      expect(seen.items).toEqual([]);
      await subscriber.close();
      await short.close();
    });

    it("gives one message again, with bytes of its own, when it is released", async () => {
      const topic = unique("release");
      const { inbox, subscriber } = await collect(broker, request(topic, { maxInFlight: 1 }), { settle: false });
      await broker.publish(record(topic, "again"));
      const [first] = await inbox.count(1);
      first?.record.body.fill(0);
      first?.settle("release");
      const [, second] = await inbox.count(2);
      expect(bodies(second === undefined ? [] : [second])).toEqual(["again"]);
      expect(second).toMatchObject({ redelivered: true, position: first?.position });
      first?.settle("ack");
      await subscriber.flush();
      second?.settle("ack");
      await subscriber.remove();
    });

    it("is committed before the handler where at most once is asked for, and no more than there is credit for", async () => {
      const topic = unique("most.once");
      const wanted = request(topic, { delivery: "at-most-once", maxInFlight: 3 });
      const first = await collect(broker, wanted, { settle: false });
      await publishAll(topic, numbers(10), () => "k");
      await first.inbox.count(3);
      expect(Math.max(...(await committed(wanted.name)).values())).toBe(3);
      first.inbox.items[0]?.settle("ack");
      await first.inbox.count(4);
      await first.subscriber.close();
      const second = await collect(broker, wanted);
      const rest = bodies(await second.inbox.count(6));
      expect(rest).toEqual(["4", "5", "6", "7", "8", "9"]);
      await second.subscriber.remove();
    });

    it("pauses and resumes without losing its place", async () => {
      const topic = unique("pause");
      const { inbox, subscriber } = await collect(broker, request(topic));
      subscriber.pause();
      await publishAll(topic, numbers(20));
      const marker = unique("pause.marker");
      const other = await collect(broker, request(marker));
      await broker.publish(record(marker, "x"));
      await other.inbox.count(1);
      expect(inbox.items).toHaveLength(0);
      subscriber.resume();
      expect(new Set(bodies(await inbox.count(20))).size).toBe(20);
      await Promise.all([subscriber.remove(), other.subscriber.remove()]);
    });

    it("without a group is a group of its own, deleted when it closes unless it is durable", async () => {
      const topic = unique("broadcast");
      const shapes = [{ durable: false }, { durable: true }].map(({ durable }) => {
        const { group: _, ...rest } = request(topic, { durable });
        return rest;
      });
      const everybody = await Promise.all(shapes.map((shape) => collect(broker, shape)));
      await publishAll(topic, numbers(3));
      for (const { inbox } of everybody) expect(bodies(await inbox.count(3)).sort()).toEqual(numbers(3));
      await Promise.all(everybody.map(({ subscriber }) => subscriber.close()));
      expect((await Promise.all(shapes.map(({ name }) => committed(name)))).map(({ size }) => size)).toEqual([0, 3]);
    });

    it("is known to last no longer than Kafka keeps its places, at the start and ever after", async () => {
      const warned: string[] = [];
      const logger = { info: () => undefined, warn: (line: string) => void warned.push(line), error: () => undefined };
      const bus = await connect({ service: unique("s"), instance: "0", brokers: { main: url }, logger });
      // What Kafka has unless it is told otherwise.
      const lasts = expect.stringMatching(
        /durable subscription .*10080 minutes .*offsets\.retention\.minutes/,
      ) as string;
      expect(warned).toEqual([lasts]);
      expect(bus.health().brokers[0]?.warnings).toEqual([lasts]);
      await bus.close();
    });

    it("tells how far it is behind", async () => {
      const topic = unique("lag");
      const wanted = request(topic);
      const { subscriber } = await collect(broker, wanted);
      await subscriber.close();
      await publishAll(topic, numbers(7));
      expect(await broker.lag.lag(wanted.name)).toBe(7);
      expect(await broker.lag.lag(unique("nobody"))).toBeUndefined();
    });
  });

  describe("a subscription that nobody has open", () => {
    // Not long ago: what is older than a topic keeps, which is a week, is gone with the next look of the broker, every five minutes.
    const begin = Date.now() - 3_600_000;
    const filled = async (): Promise<string> => {
      const topic = unique("replay");
      const sent = numbers(12).map((text) =>
        broker.publish(record(topic, text, { key: `k${Number(text) % 5}`, timestamp: begin + 1_000 * Number(text) })),
      );
      await Promise.all(sent);
      return topic;
    };
    const handled = async (wanted: ReturnType<typeof request>): Promise<string[]> => {
      const { inbox, subscriber } = await collect(broker, wanted);
      // To every partition, so that what comes at all has come before the last of them.
      const ends = numbers(20).map((text) => `${unique("end")} ${text}`);
      await publishAll(wanted.filter, ends, (text) => text);
      await inbox.until((items) => ends.every((end) => bodies(items).includes(end)));
      await subscriber.close();
      return bodies(inbox.items).filter((text) => !text.startsWith("end"));
    };
    const sorted = (texts: readonly string[]) => [...texts].sort((one, other) => Number(one) - Number(other));

    it("can go back to a time, to the beginning and to an offset, and forward to the end", async () => {
      const topic = await filled();
      const wanted = request(topic, { startFrom: "earliest" });
      const subscription = wanted.name;
      expect(sorted(await handled(wanted))).toEqual(numbers(12));
      await broker.replay({ subscription, to: "latest" });
      expect(await handled(wanted)).toEqual([]);
      await broker.replay({ subscription, to: new Date(begin + 7_000) });
      expect(sorted(await handled(wanted))).toEqual(numbers(5, 7));
      const places = await broker.replay({ subscription, to: "earliest" });
      expect(places).toHaveLength(3);
      expect(places.every(({ offset }) => offset === 0)).toBe(true);
      const [first] = places;
      if (first === undefined) throw new Error("there are three");
      await broker.replay({ subscription, to: "latest" });
      const before = await committed(subscription);
      await broker.replay({ subscription, to: [{ ...first, offset: 1 }] });
      expect(await committed(subscription)).toEqual(new Map([...before, [`${topic}:${first.partition}`, 1]]));
      await broker.replay({ subscription, to: new Date(begin + 86_400_000 * 365 * 10) });
      expect(await handled(wanted)).toEqual([]);
    });

    it("can begin at a time where it never was before", async () => {
      const topic = await filled();
      const wanted = request(topic);
      await broker.replay({ subscription: wanted.name, topics: [topic], to: new Date(begin + 9_000) });
      expect(sorted(await handled(wanted))).toEqual(numbers(3, 9));
    });

    it("is not moved while it is open, nor to where there is nothing", async () => {
      const topic = await filled();
      const wanted = request(topic, { startFrom: "earliest" });
      const subscription = wanted.name;
      const { inbox, subscriber } = await collect(broker, wanted);
      await inbox.count(12);
      expect(await rejection(broker.replay({ subscription, to: "earliest" }))).toMatchObject({
        code: "BUSBAR_REFUSED",
        retryable: false,
      });
      await subscriber.close();
      const before = await committed(subscription);
      const invalid = { code: "BUSBAR_INVALID_ARGUMENT", retryable: false };
      for (const to of [
        [{ topic, partition: 0, offset: 10_000 }],
        [{ topic, partition: 9, offset: 0 }],
        new Date(Number.NaN),
        "yesterday" as "earliest",
      ])
        expect(await rejection(broker.replay({ subscription, to }))).toMatchObject(invalid);
      expect(await rejection(broker.replay({ subscription: unique("nobody"), to: "latest" }))).toMatchObject(invalid);
      expect(await committed(subscription)).toEqual(before);
    });
  });

  describe("a wildcard", () => {
    it("picks up topics that come later from their first message", async () => {
      const stem = unique("wild");
      const wanted = request(`${stem}.*`);
      const { inbox, subscriber } = await collect(broker, wanted);
      await publishAll(`${stem}.one`, numbers(3));
      await broker.publish(record(`${stem}.two.deeper`, "no"));
      await inbox.count(3);
      await publishAll(`${stem}.two`, numbers(3, 10));
      await inbox.count(6);
      expect(bodies(inbox.items).sort()).toEqual(["0", "1", "10", "11", "12", "2"]);
      expect(new Set(inbox.items.map(({ record: { address } }) => address))).toEqual(
        new Set([`${stem}.one`, `${stem}.two`]),
      );
      await subscriber.remove();
    });

    it("that fitted nothing loses nothing over a restart", async () => {
      const stem = unique("wild.restart");
      const wanted = request(`${stem}.**`);
      const first = await collect(broker, wanted);
      await first.subscriber.close();
      await publishAll(`${stem}.late`, numbers(4));
      const second = await collect(broker, wanted);
      expect(bodies(await second.inbox.count(4)).sort()).toEqual(numbers(4));
      await second.subscriber.remove();
    });
  });

  describe("the members of a group", () => {
    it("hand over in order: what runs ends first, is committed, and is not run again", async () => {
      const topic = unique("hand.over");
      const wanted = request(topic);
      const other = make();
      await other.open();
      const handled = new Inbox<string>();
      const handle = (ms: number) => (delivery: Delivery) =>
        void setTimeout(() => {
          if (delivery.stale) return;
          delivery.settle("ack");
          handled.add(Buffer.from(delivery.record.body).toString());
        }, ms);
      const taken = new Inbox<Delivery>();
      const first = await broker.subscribe(wanted, (delivery) => {
        taken.add(delivery);
        handle(300)(delivery);
      });
      await publishAll(topic, numbers(9));
      await taken.count(9);
      // The second one waits for the first, whose handlers run.
      const second = await other.subscribe(wanted, handle(0));
      await publishAll(topic, numbers(60, 100));
      await handled.count(69);
      expect([...handled.items].sort()).toEqual([...numbers(9), ...numbers(60, 100)].sort());
      expect(taken.items.slice(0, 9).map(({ redelivered }) => redelivered)).not.toContain(true);
      expect(new Set(bodies(taken.items)).size).toBe(taken.items.length);
      await first.close();
      await second.remove();
      await other.close();
    });

    it("are two where one process subscribes twice: each message goes to one, and who closes leaves the rest to the other", async () => {
      const topic = unique("same.process");
      const wanted = request(topic);
      const got = new Inbox<{ readonly by: string; readonly text: string }>();
      const member = (by: string) =>
        broker.subscribe(wanted, (delivery) => {
          delivery.settle("ack");
          got.add({ by, text: Buffer.from(delivery.record.body).toString() });
        });
      const [first, second] = [await member("first"), await member("second")];
      await publishAll(topic, numbers(60), (text) => text);
      await got.count(60);
      expect(new Set(got.items.map(({ by }) => by))).toEqual(new Set(["first", "second"]));
      await first.close();
      await publishAll(topic, numbers(60, 60), (text) => text);
      await got.count(120);
      expect(new Set(got.items.slice(60).map(({ by }) => by))).toEqual(new Set(["second"]));
      expect(got.items.map(({ text }) => Number(text)).sort((one, other) => one - other)).toEqual(
        numbers(120).map(Number),
      );
      await second.remove();
    });

    it("give up what runs too long, which is then stale and goes to another", async () => {
      const topic = unique("too.long");
      const wanted = request(topic);
      const [one, two] = [make({ revokeWaitMs: 300 }), make()];
      await Promise.all([one.open(), two.open()]);
      const first = await collect(one, wanted, { settle: false });
      const told = statuses(one);
      await publishAll(topic, numbers(9));
      await first.inbox.count(9);
      const before = first.inbox.items.slice();
      await collect(two, wanted, { inbox: first.inbox });
      expect(before.every(({ stale }) => stale)).toBe(true);
      before.forEach((delivery) => delivery.settle("ack"));
      const after = await first.inbox.count(18);
      expect(bodies(after.slice(9)).sort()).toEqual(numbers(9));
      const [revoked, ...others] = told.items.filter(({ type }) => type !== "settlement-failed");
      expect(others).toEqual([]);
      // Three partitions over two members: some went, some stayed.
      expect(revoked).toMatchObject({ type: "revoked", name: wanted.name });
      const gone = revoked?.type === "revoked" ? revoked.positions : [];
      expect(before.map(({ position }) => position)).toEqual(expect.arrayContaining([...gone]));
      expect(new Set(gone.map((position) => position.split(":")[1])).size).toBeLessThan(3);
      await Promise.all([one.close(), two.close()]);
    });
  });

  describe("dead letters", () => {
    it("are kept one for a slot, listed in order, and gone when removed, before any compaction", async () => {
      const group = unique("dead");
      expect(await all(broker.deadLetters.list(group))).toEqual([]);
      expect(await broker.deadLetters.remove(group, ["a"])).toBe(0);
      const put = (slot: string, body: string) =>
        broker.deadLetters.put(
          group,
          slot,
          record("orders.new", body, { key: "customer", headers: { "busbar-dead-reason": "r" } }),
        );
      await put("a", "1");
      await put("b", "2");
      await put("c", "3");
      await put("a", "4");
      const listed = await all(broker.deadLetters.list(group));
      expect(listed.map(({ handle, record: { body } }) => [handle, Buffer.from(body).toString()])).toEqual([
        ["b", "2"],
        ["c", "3"],
        ["a", "4"],
      ]);
      expect(listed[0]?.record).toMatchObject({
        key: "customer",
        topic: "orders.new",
        headers: { "busbar-dead-reason": "r" },
      });
      expect(await broker.deadLetters.remove(group, ["a", "c", "nobody", "a"])).toBe(2);
      expect((await all(broker.deadLetters.list(group))).map(({ handle }) => handle)).toEqual(["b"]);
      expect(await broker.deadLetters.remove(group, ["a"])).toBe(0);
    });

    it("are never deleted for their age, in a topic that keeps the last of each slot", async () => {
      const group = unique("dead.kept");
      await broker.deadLetters.put(group, "a", record("orders.new", "1"));
      const admin = plain.admin();
      await admin.connect();
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: `_busbar.dlq.${group.replaceAll(".", "_x2E_")}` }],
      });
      await admin.disconnect();
      const policy = resources[0]?.configEntries.find(({ configName }) => configName === "cleanup.policy");
      expect(policy?.configValue).toBe("compact");
    });
  });

  describe("a foreign client", () => {
    const shapes = [
      '{"key":"k","value":"v","headers":{}}',
      '{"pattern":"p","data":{"x":1},"id":"1"}',
      '{"topic":"t","payload":1}',
      "[1,2]",
      "null",
      "7",
      '"text"',
    ];

    it("reads what the bus writes, as it is", async () => {
      const topic = unique("foreign.read");
      const consumer = plain.consumer({ groupId: unique("foreign"), maxWaitTimeInMs: 100 });
      await consumer.connect();
      await Promise.all(
        shapes.map((body) =>
          broker.publish(record(topic, body, { key: "k", headers: { trace: "é" }, contentType: "application/json" })),
        ),
      );
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      const got = new Inbox<{ value: string; key: string; headers: Record<string, string>; timestamp: string }>();
      await consumer.run({
        eachMessage: ({ message: { value, key, headers = {}, timestamp } }) => {
          got.add({
            value: String(value),
            key: String(key),
            timestamp,
            headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, String(text)])),
          });
          return Promise.resolve();
        },
      });
      const items = await got.count(shapes.length);
      expect(items.map(({ value }) => value)).toEqual(shapes);
      expect(items[0]).toMatchObject({
        key: "k",
        timestamp: "1700000000123",
        headers: { trace: "é", "content-type": "application/json" },
      });
      await consumer.disconnect();
    });

    it("is read by the bus, whatever it writes", async () => {
      const topic = unique("foreign.write");
      const { inbox, subscriber } = await collect(broker, request(topic));
      await producer.send({
        topic,
        messages: [
          ...shapes.map((value) => ({ key: "k", value, headers: { plain: "1" } })),
          { key: "k", value: null },
          { key: "k", value: Buffer.alloc(0) },
        ],
      });
      const items = await inbox.count(shapes.length + 2);
      expect(bodies(items)).toEqual([...shapes, "", ""]);
      expect(items[0]?.record).toMatchObject({ key: "k", headers: { plain: "1" }, address: topic });
      expect(items[0]?.record.id).toBeUndefined();
      await subscriber.remove();
    });

    it("sees a tombstone where an empty message is one, and an empty message elsewhere", async () => {
      const [topic, other] = [unique("state.removed"), unique("other")];
      const own = make({ tombstones: ["state.*"], partitions: 1, topicConfig: { "cleanup.policy": "compact" } });
      await own.open();
      const { inbox, subscriber } = await collect(own, request(topic));
      for (const name of [topic, other])
        for (const text of ["there", ""]) await own.publish(record(name, text, { key: "k" }));
      expect(await rejection(own.publish(record(topic)))).toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT" });
      const items = await inbox.count(2);
      expect(bodies(items)).toEqual(["there", ""]);
      expect(items.map(({ record: { key } }) => key)).toEqual(["k", "k"]);
      const consumer = plain.consumer({ groupId: unique("foreign"), maxWaitTimeInMs: 100 });
      await consumer.connect();
      await consumer.subscribe({ topics: [topic, other], fromBeginning: true });
      const got = new Inbox<readonly [string, string | undefined]>();
      await consumer.run({
        eachMessage: ({ topic: name, message: { value } }) =>
          Promise.resolve(got.add([name, value?.toString()] as const)),
      });
      await got.count(4);
      expect(got.items.filter(([name]) => name === topic)).toEqual([
        [topic, "there"],
        [topic, undefined],
      ]);
      expect(got.items.filter(([name]) => name === other)).toEqual([
        [other, "there"],
        [other, ""],
      ]);
      await consumer.disconnect();
      await subscriber.remove();
      await own.close();
    });

    it("may compress and use transactions", async () => {
      const topic = unique("foreign.transaction");
      const { inbox, subscriber } = await collect(broker, request(topic));
      // With the bus's own settings where the client has such an object: what the bus leaves to it.
      const source = client === "kafkajs" ? (broker.native as typeof plain) : plain;
      const transactional = source.producer({
        transactionalId: unique("tx"),
        idempotent: true,
        maxInFlightRequests: 1,
        createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      });
      await transactional.connect();
      for (const [value, ends] of [
        ["kept", "commit"],
        ["dropped", "abort"],
        ["last", "commit"],
      ] as const) {
        const transaction = await transactional.transaction();
        await transaction.send({ topic, compression: kafkajs.CompressionTypes.GZIP, messages: [{ key: "k", value }] });
        await transaction[ends]();
      }
      await transactional.disconnect();
      expect(bodies(await inbox.count(2))).toEqual(["kept", "last"]);
      await subscriber.remove();
    });
  });

  describe("a transaction", () => {
    const body = (text: string): Uint8Array => Buffer.from(text);

    it.each(["none", "gzip"] as const)("is seen as a whole or not at all, with compression %s", async (compression) => {
      const [one, other] = [unique("whole.one"), unique("whole.other")];
      const topicConfig = { "max.message.bytes": "10000" };
      const own = make({ transactionalId: unique("tx"), partitions: 2, topicConfig, compression });
      await own.open();
      const inbox = new Inbox<Delivery>();
      const subscribers = [];
      for (const topic of [one, other]) subscribers.push(await collect(own, request(topic), { inbox }));
      const both = (text: string, bytes = text) => [
        {
          topic: one,
          body: body(text),
          key: "k",
          headers: { trace: "1" },
          contentType: "text/plain",
          id: `id ${text}`,
        },
        { topic: other, body: body(bytes), key: "k" },
      ];
      await Promise.all([own.transaction(both("first")), own.transaction(both("second"))]);
      await inbox.count(4);
      expect(bodies(inbox.items).sort()).toEqual(["first", "first", "second", "second"]);
      expect(inbox.items.find(({ record: { id } }) => id === "id first")?.record).toMatchObject({
        key: "k",
        headers: { trace: "1" },
        contentType: "text/plain",
      });
      const refused = await rejection(own.transaction(both("never", randomBytes(20_000).toString("hex"))));
      expect(refused).toMatchObject({ code: "BUSBAR_TOO_LARGE", retryable: false });
      await own.transaction(both("third"));
      await inbox.count(6);
      expect(bodies(inbox.items)).not.toContain("never");
      // It was written, as who reads what is not committed sees, and given up.
      const consumer = plain.consumer({ groupId: unique("foreign"), maxWaitTimeInMs: 100, readUncommitted: true });
      await consumer.connect();
      await consumer.subscribe({ topics: [one], fromBeginning: true });
      const written = new Inbox<string>();
      await consumer.run({
        eachMessage: ({ message: { value } }) => Promise.resolve(written.add(String(value))),
      });
      expect(await written.count(4)).toEqual(["first", "second", "never", "third"]);
      await consumer.disconnect();
      for (const { subscriber } of subscribers) await subscriber.remove();
      await own.close();
      expect(await rejection(own.transaction(both("late")))).toMatchObject({ code: "BUSBAR_CLOSED" });
    });

    it("is refused to a process whose name another has taken", async () => {
      const topic = unique("fenced");
      const transactionalId = unique("tx");
      const [former, later] = [make({ transactionalId }), make({ transactionalId })];
      for (const own of [former, later]) {
        await own.open();
        await own.transaction([{ topic, body: body("mine") }]);
      }
      const error = await rejection(former.transaction([{ topic, body: body("too late") }]));
      expect(error).toMatchObject({ code: "BUSBAR_REFUSED", retryable: false });
      expect(error.message).toContain("native.transactionalId");
      for (const own of [former, later]) await own.close();
    });
  });

  it("has transactions only where their name is given", async () => {
    const nameless = await rejection(broker.transaction([{ topic: "a", body: Buffer.alloc(0) }]));
    expect(nameless).toMatchObject({ code: "BUSBAR_CONFIG", retryable: false });
  });

  it("wakes up seldom while there is nothing to do", async () => {
    const own = make();
    await own.open();
    await own.publish(record(unique("idle")));
    let timers = 0;
    const hook = createHook({ init: (_, kind) => void (kind === "Timeout" && timers++) }).enable();
    await new Promise((resolve) => setTimeout(resolve, 500));
    hook.disable();
    // kafkajs by itself begins one a millisecond for each connection.
    expect(timers).toBeLessThan(50);
    await own.close();
  });

  it("closes with what is on its way, in time, twice", async () => {
    const own = make();
    await own.open();
    const topic = unique("close");
    const published = Array.from({ length: 50 }, (_, index) => own.publish(record(topic, String(index))));
    const begun = Date.now();
    await Promise.all([own.close(), own.close()]);
    expect(Date.now() - begun).toBeLessThan(5_000);
    expect(await Promise.all(published)).toHaveLength(50);
    expect(await rejection(own.publish(record(topic)))).toMatchObject({ code: "BUSBAR_CLOSED" });
    expect(await rejection(own.subscribe(request(topic), () => {}))).toMatchObject({ code: "BUSBAR_CLOSED" });
  });
});

describe.each(clients)("a server that is not there, for %s", (client) => {
  it("is a retryable error, within the bound and without the password", async () => {
    const broker = kafka({
      url: "kafka://user:s3cret@127.0.0.1:1,127.0.0.1:2",
      connectTimeoutMs: 2_000,
      native: { client },
    });
    const error = await rejection(broker.open());
    expect(error).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true, broker: "kafka" });
    expect(JSON.stringify([String(error), error])).not.toContain("s3cret");
    expect(await rejection(broker.publish(record("a")))).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    await broker.close();
  });
});

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
