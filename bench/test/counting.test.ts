import { describe, expect, it } from "vitest";
import type { Client, Confirmed } from "../clients/client.ts";
import { limited } from "../clients/limited.ts";
import { indexOf, payloadMaker } from "../payload.ts";
import { allocatedBytes } from "../workloads/meters.ts";
import { Pump } from "../workloads/pump.ts";
import { Tally } from "../workloads/tally.ts";

describe("payloads", () => {
  it.each([16, 24, 40, 256, 4096, 65_536])("of %i bytes have that many, whatever their number", (bytes) => {
    const make = payloadMaker(bytes);
    for (const index of [0, 9, 123_456]) {
      const found = Buffer.byteLength(JSON.stringify(make(index)));
      // Between the shapes there are sizes that none has exactly.
      expect(Math.abs(found - bytes)).toBeLessThanOrEqual(bytes === 24 ? 8 : 0);
      expect(indexOf(make(index))).toBe(index);
    }
  });

  it("have a least size", () => {
    expect(() => payloadMaker(15)).toThrow(RangeError);
  });
});

describe("the tally", () => {
  const make = payloadMaker(256);

  it("counts each message once, and those that come again apart", () => {
    const tally = new Tally();
    for (const index of [0, 1, 1, 200_000, 0]) tally.take(make(index));
    expect([tally.handled, tally.duplicates]).toEqual([3, 2]);
  });

  it("resolves with the last one, and not with a duplicate of another", async () => {
    const tally = new Tally();
    let done = false;
    const waiting = tally.whenHandled(2).then(() => (done = true));
    tally.take(make(0));
    tally.take(make(0));
    await Promise.resolve();
    expect(done).toBe(false);
    tally.take(make(1));
    await waiting;
    expect(done).toBe(true);
  });

  it("rejects when a message does not come", async () => {
    const tally = new Tally();
    tally.take(make(0));
    await expect(tally.whenHandled(2, 10)).rejects.toThrow("1 of 2 messages were handled");
  });
});

describe("the pump", () => {
  const planOf = (client: Client, unhandledAtMost = Infinity) => ({
    client,
    topic: "t",
    payloadOf: payloadMaker(256),
    keyOf: () => undefined,
    unhandledAtMost,
  });

  it("keeps the client's window full and never fuller", async () => {
    const open: Confirmed[] = [];
    let most = 0;
    const pump = new Pump(
      planOf(
        clientOf(4, (confirmed) => {
          open.push(confirmed);
          most = Math.max(most, open.length);
        }),
      ),
    );
    const running = pump.run(60_000, 10);
    expect(open).toHaveLength(4);
    while (open.length > 0) open.shift()?.();
    await running;
    expect([most, pump.published]).toEqual([4, 10]);
  });

  it("does not overflow the stack where confirms come at once", async () => {
    const pump = new Pump(planOf(clientOf(4, (confirmed) => confirmed())));
    await pump.run(60_000, 100_000);
    expect(pump.published).toBe(100_000);
  });

  it("waits for handlers where nobody confirms", async () => {
    const pump = new Pump(
      planOf(
        clientOf(256, (confirmed) => confirmed()),
        3,
      ),
    );
    const running = pump.run(60_000, 5);
    expect(pump.published).toBe(3);
    pump.handled();
    expect(pump.published).toBe(4);
    pump.handled();
    await running;
    expect(pump.published).toBe(5);
  });

  it("rejects when a publish is refused", async () => {
    const pump = new Pump(planOf(clientOf(1, (confirmed) => setImmediate(() => confirmed(new Error("full"))))));
    await expect(pump.run(60_000, 5)).rejects.toThrow("full");
  });
});

describe("a limited handler", () => {
  it("runs so many at a time, in order, and tells when each is done", async () => {
    const ends: (() => void)[] = [];
    const done: number[] = [];
    const run = limited(2, () => new Promise((resolve) => ends.push(resolve)));
    const payload = payloadMaker(256)(0);
    for (let index = 0; index < 4; index++) run(payload, index, (message) => done.push(message));
    expect(ends).toHaveLength(2);
    for (let index = 0; index < 4; index++) {
      ends[index]?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(done).toEqual([0, 1, 2, 3]);
  });
});

describe("what was allocated", () => {
  const heap = (usedHeapSize: number) => ({ heapStatistics: { usedHeapSize } });

  it("is what the heap grew by between collections", () => {
    const collections = [
      { beforeGC: heap(150), afterGC: heap(60) },
      { beforeGC: heap(160), afterGC: heap(70) },
    ];
    expect(allocatedBytes(100, collections, 90)).toBe(50 + 100 + 20);
  });
});

function clientOf(window: number, publish: (confirmed: Confirmed) => void): Client {
  return {
    window,
    publish: (_topic, _payload, _key, confirmed) => publish(confirmed),
    subscribe: () => Promise.reject(new Error("not asked for")),
    close: () => Promise.resolve(),
  };
}
