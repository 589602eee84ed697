import type { ClusterInfo } from "@nats-io/jetstream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canStart, Inbox, openBroker, record, request, streamsOf, unique } from "./fixtures.ts";
import { threeServers } from "./three-servers.ts";

type Three = Exclude<Awaited<ReturnType<typeof threeServers>>, { readonly missing: string }>;

describe.skipIf(!canStart)("where one of three servers leads a subscription's consumer", () => {
  let three: Three;
  beforeAll(async () => {
    const started = await threeServers("nats");
    if ("missing" in started) throw new Error(started.missing);
    three = started;
  }, 180_000);
  afterAll(() => three?.close());

  const hostOf = (member: number): string => new URL(three.instances[member]?.url ?? "").host;
  const leaderIn = ({ cluster }: { readonly cluster?: ClusterInfo }): number =>
    three.instances.findIndex(({ ports }) => `busbar-${ports["nats"]}` === cluster?.leader);

  it("goes on with another, and what the former one had sent that was on its way comes before anything later", async () => {
    const topic = `${unique("t")}.on.its.way`;
    const wanted = request(topic, { group: "g" });
    // Longer than the test: what comes again does not come by the end of its lease.
    const native = { replicas: 3, ackWaitMs: 600_000 };
    const first = await openBroker({ url: three.url, native });
    await (await first.subscribe(wanted, () => {})).close();
    const { streams, consumers } = await streamsOf(hostOf(0));
    const stream = await streams.find(topic);
    const leads = leaderIn(await consumers.info(stream, wanted.name));
    const stores = leaderIn(await streams.info(stream));
    const between = [0, 1, 2].find((member) => member !== leads && member !== stores) ?? -1;
    const other = [0, 1, 2].find((member) => member !== leads && member !== between) ?? -1;

    const subscribing = await openBroker({ url: `nats://${hostOf(between)}`, native });
    const publishing = await openBroker({ url: `nats://${hostOf(other)}`, native });
    const api = await streamsOf(hostOf(other));
    const inbox = new Inbox((delivery) => delivery.settle("ack"));
    await subscribing.subscribe(wanted, inbox.sink);
    const sent = Array.from({ length: 220 }, (_, number) => number);
    const large = new Uint8Array(100_000);
    const publish = (number: number) =>
      publishing.publish(record(topic, large, { headers: { number: String(number) } }));
    await publish(-1);
    await inbox.received(1);

    // More than the sockets between two servers take, so that the rest ends with the one that sends it.
    three.instances[between]?.pause();
    await Promise.all(sent.map(publish));
    await expect
      .poll(async () => (await api.consumers.info(stream, wanted.name)).delivered.consumer_seq)
      .toBeGreaterThan(sent.length);
    await three.end(leads);
    three.instances[between]?.resume();
    try {
      await inbox.until(() => new Set(inbox.deliveries.map(numberOf)).size === sent.length + 1);
      expect([...new Set(inbox.deliveries.map(numberOf))]).toEqual([-1, ...sent]);
    } finally {
      await three.start(leads);
    }
  }, 180_000);
});

function numberOf({ record: { headers } }: Inbox["deliveries"][number]): number {
  return Number(headers["number"]);
}
