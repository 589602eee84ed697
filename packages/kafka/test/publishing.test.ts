import type { BusError } from "@busbar/core/driver";
import { expect, it } from "vitest";
import { kafka } from "../src/index.ts";
import { bodies, collect, numbers, record, rejection, request, statuses, unique } from "./fixtures.ts";
import { throughEachClient, url } from "./through-each-client.ts";

throughEachClient("publishing", ({ native, make, broker, plain, producer, publishAll }) => {
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

  it("tells where each message was written, in the order of the calls for a key, where a Java client would put it", async () => {
    const topic = unique("publish.place");
    const receipts = await publishAll(topic, numbers(700), (text) => `k${Number(text) % 5}`);
    for (let key = 0; key < 5; key++) {
      const places = receipts.filter((_, index) => index % 5 === key).map(({ position }) => position?.split("/") ?? []);
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
