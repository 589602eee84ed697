import { conformance } from "@busbar/testing";
import { afterAll, describe, expect, it } from "vitest";
import { patient } from "../../../tools/conformance/patience.mjs";
import { kafka } from "../src/index.ts";
import { bodies, clients, collect, record, rejection, request, statuses, unique } from "./fixtures.ts";
import { harnessWith } from "./kit.ts";
import { nodeOf, threeBrokers } from "./three-brokers.ts";
import type { ThreeBrokers } from "./three-brokers.ts";

const cluster = await threeBrokers();
if ("missing" in cluster) console.warn(`Skipped: ${cluster.missing}`);
afterAll(() => ("close" in cluster ? cluster.close() : undefined));

for (const client of clients) {
  const { onCertificate: _, link: _link, leaseMs: _leaseMs, ...harness } = harnessWith();
  conformance(
    { describe, it, afterAll },
    {
      ...harness,
      name: `three Kafka brokers, through ${client}`,
      url: "url" in cluster ? cluster.url : { variable: "BUSBAR_TEST_KAFKA_URL" },
      create: ({ members: replicationFactor, ...options }) =>
        kafka({
          ...options,
          native: {
            client,
            ...(replicationFactor && { replicationFactor, topicConfig: { "min.insync.replicas": "2" } }),
          },
        }),
      cluster: () => Promise.resolve("url" in cluster ? { ...cluster, close: () => Promise.resolve() } : cluster),
      deadlineMs: patient(20_000),
      only: ["H4"],
    },
  );
}

describe.skipIf("missing" in cluster)("three Kafka brokers", () => {
  const { admin, end, instances, partition, start, url } = cluster as ThreeBrokers;
  const safe = { replicationFactor: 3, topicConfig: { "min.insync.replicas": "2" } };
  const make = (client: (typeof clients)[number]) =>
    kafka({ url, native: { client, ...safe, partitions: 1, requestTimeoutMs: 3_000, heartbeatIntervalMs: 200 } });

  /** Does the same through each of the clients, at the same time. */
  const withBoth = (work: (client: (typeof clients)[number]) => Promise<void>) => Promise.all(clients.map(work));

  it("keep a topic of the bus on three, and one whose replicas are too few for the time being takes nothing", async () => {
    const [pair, single] = [unique("pair"), unique("single")];
    await admin.createTopics({
      topics: [
        {
          topic: pair,
          replicaAssignment: [{ partition: 0, replicas: [nodeOf(0), nodeOf(1)] }],
          configEntries: [{ name: "min.insync.replicas", value: "2" }],
        },
        { topic: single, replicaAssignment: [{ partition: 0, replicas: [nodeOf(1)] }] },
      ],
    });
    const brokers = new Map(clients.map((client) => [client, make(client)]));
    const of = (client: (typeof clients)[number]) => brokers.get(client) ?? make(client);
    const inbox = new Map<string, Awaited<ReturnType<typeof collect>>["inbox"]>();
    await withBoth(async (client) => {
      const own = unique("own");
      await of(client).open();
      await of(client).publish(record(own));
      expect(await partition(own)).toMatchObject({ replicas: { length: 3 }, isr: { length: 3 } });
      inbox.set(client, (await collect(of(client), request(pair))).inbox);
      await of(client).publish(record(pair, `${client} before`));
    });
    await end(1);
    try {
      await expect.poll(async () => (await partition(pair))?.isr, { timeout: 20_000 }).toEqual([nodeOf(0)]);
      await withBoth(async (client) => {
        const broker = of(client);
        // Who had a connection to the dead one makes another first.
        await expect
          .poll(async () => String(await rejection(broker.publish(record(pair, `${client} refused`)))), {
            timeout: 20_000,
          })
          .toMatch(/NOT_ENOUGH_REPLICAS/);
        expect(await rejection(broker.publish(record(pair, `${client} refused`)))).toMatchObject({ retryable: true });
        // A partition has no leader now.
        const wild = broker.subscribe(request(`${pair}.*`), () => undefined);
        if (client === "kafkajs") expect(await rejection(wild)).toMatchObject({ retryable: true });
        else await wild;
      });
    } finally {
      await start(1);
    }
    await withBoth(async (client) => {
      await of(client).publish(record(pair, `${client} after`));
    });
    const confirmed = clients.flatMap((client) => [`${client} before`, `${client} after`]);
    await withBoth(async (client) => {
      const got = inbox.get(client);
      await got?.until((items) => confirmed.every((text) => bodies(items).includes(text)));
      await of(client).close();
    });
  }, 150_000);

  it("are restarted one after the other: each costs a subscription one joining, and it misses nothing", async () => {
    const subscribed = await Promise.all(
      clients.map(async (client) => {
        const broker = make(client);
        await broker.open();
        const topic = unique("rolling");
        const { inbox } = await collect(broker, request(topic));
        return { broker, topic, inbox, told: statuses(broker) };
      }),
    );
    for (const [member, instance] of instances.entries()) {
      await instance.stop();
      await start(member);
      await Promise.all(
        subscribed.map(async ({ broker, topic, inbox, told }) => {
          await expect
            .poll(
              () =>
                broker.publish(record(topic, `after ${member}`)).then(
                  () => true,
                  () => false,
                ),
              { timeout: 30_000 },
            )
            .toBe(true);
          await inbox.until((items) => bodies(items).includes(`after ${member}`), 60_000);
          const joined = told.items.filter((status) => status.type === "subscription" && status.connected);
          expect(joined.length).toBeLessThanOrEqual(member + 1);
        }),
      );
    }
    await Promise.all(subscribed.map(({ broker }) => broker.close()));
  }, 240_000);
});
