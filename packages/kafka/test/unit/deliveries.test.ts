import type { Delivery } from "@busbar/core/contract";
import { describe, expect, it } from "vitest";
import type { ClientRecord, PartitionOffset } from "../../src/client.ts";
import { Deliveries } from "../../src/deliveries.ts";
import { Inbox, request } from "../fixtures.ts";

/** The deliveries of a subscription with a credit of two, in one partition from its beginning. */
function deliveriesOfTwo() {
  const out: Delivery[] = [];
  const commits: PartitionOffset[] = [];
  const beats = new Inbox<"beat">();
  const accepted: number[] = [];
  const deliveries = new Deliveries({
    request: request("t", { maxInFlight: 2 }),
    sink: (delivery) => void out.push(delivery),
    commit: (offsets) => Promise.resolve(void commits.push(...offsets)),
    commitIntervalMs: 1,
    heartbeatIntervalMs: 1,
    onUnwritten: () => undefined,
    onRevoked: () => undefined,
    onGap: () => undefined,
  });
  deliveries.begin([{ topic: "t", partition: 0, offset: 0 }]);
  /** Resolves once the next batch may come. */
  const take = (from: number, count: number): Promise<void> =>
    deliveries.take({
      topic: "t",
      partition: 0,
      records: Array.from({ length: count }, (_, index) => recordAt(from + index)),
      isStale: () => false,
      accept: () => void accepted.push(from + count),
      heartbeat: () => Promise.resolve(beats.add("beat")),
    });
  return { deliveries, out, commits, beats, accepted, take };
}

const recordAt = (offset: number): ClientRecord => ({
  key: null,
  value: Buffer.from(String(offset)),
  timestamp: "1",
  offset: String(offset),
});

describe("the deliveries of a subscription", () => {
  it("let a partition be fetched on while its messages are out, and commit each once it is settled", async () => {
    const { deliveries, out, commits, accepted, take } = deliveriesOfTwo();
    await take(0, 2);
    await take(2, 2);
    expect([accepted, out.length]).toEqual([[2, 4], 2]);
    await deliveries.flush();
    expect(commits).toEqual([]);
    for (const delivery of out) delivery.settle("ack");
    await deliveries.flush();
    expect(commits.at(-1)).toEqual({ topic: "t", partition: 0, offset: 4 });
  });

  it("let no more be fetched than their credit once more, with a sign of life to the group meanwhile", async () => {
    const { out, beats, take } = deliveriesOfTwo();
    let mayComeOn = false;
    const taking = take(0, 5).then(() => (mayComeOn = true));
    await beats.count(3);
    expect([mayComeOn, out.length]).toEqual([false, 2]);
    out[0]?.settle("ack");
    await taking;
    expect(out).toHaveLength(3);
  });

  it("let whoever waits for room go when the partitions are given up", async () => {
    const { deliveries, beats, take } = deliveriesOfTwo();
    const taking = take(0, 5);
    await beats.count(1);
    deliveries.end();
    await taking;
  });
});
