import { describe, expect, it } from "vitest";
import type { Delivery } from "../../src/contract/index.ts";
import { HandOut } from "../../src/driver/hand-out.ts";
import type { HandOutOptions } from "../../src/driver/hand-out.ts";

function setUp(options: Partial<HandOutOptions> = {}) {
  const out: Delivery[] = [];
  const settled: string[] = [];
  const holds: boolean[] = [];
  const handOut = new HandOut({
    credit: 2,
    sink: (delivery) => out.push(delivery),
    onHold: (held) => holds.push(held),
    ...options,
  });
  const offer = (name: string): void =>
    handOut.offer({
      record: { address: name, body: new Uint8Array(), headers: {} },
      redelivered: false,
      settle: (outcome) => settled.push(`${name} ${outcome}`),
    });
  return { handOut, out, settled, holds, offer, names: () => out.map((delivery) => delivery.record.address) };
}

describe("a hand-out", () => {
  it("never has more out than the credit, and goes on in order as it returns", () => {
    const { offer, out, names } = setUp();
    for (const name of ["a", "b", "c", "d"]) offer(name);
    expect(names()).toEqual(["a", "b"]);
    out[1]?.settle("ack");
    expect(names()).toEqual(["a", "b", "c"]);
    out[0]?.settle("release");
    expect(names()).toEqual(["a", "b", "c", "d"]);
  });

  it("tells the driver to hold the flow while something waits", () => {
    const { offer, out, holds } = setUp();
    for (const name of ["a", "b", "c"]) offer(name);
    expect(holds).toEqual([true]);
    out[0]?.settle("ack");
    expect(holds).toEqual([true, false]);
  });

  it("counts only the first settlement", () => {
    const { offer, out, settled, names } = setUp();
    for (const name of ["a", "b", "c", "d"]) offer(name);
    out[0]?.settle("ack");
    out[0]?.settle("reject");
    expect(settled).toEqual(["a ack"]);
    expect(names()).toEqual(["a", "b", "c"]);
  });

  it("tells the arrival which delivery is settled, for telling that it failed", () => {
    const out: Delivery[] = [];
    const told: unknown[] = [];
    const handOut = new HandOut({ credit: 1, sink: (delivery) => void out.push(delivery) });
    handOut.offer({
      record: { address: "a", body: new Uint8Array(), headers: {} },
      redelivered: false,
      settle: (...settlement) => told.push(...settlement),
    });
    out[0]?.settle("release", 5, 2);
    expect(told).toEqual(["release", out[0], 5, 2]);
    expect(told[1]).toBe(out[0]);
  });

  it("makes old deliveries stale and their settlement harmless", () => {
    const { handOut, offer, out, settled, names } = setUp();
    for (const name of ["a", "b", "c"]) offer(name);
    handOut.endGeneration();
    expect(out.map((delivery) => delivery.stale)).toEqual([true, true]);
    for (const name of ["a2", "b2", "c2"]) offer(name);
    out[0]?.settle("ack");
    expect(settled).toEqual([]);
    expect(names()).toEqual(["a", "b", "a2", "b2"]);
  });

  it("hands out nothing while paused, and nothing after stop", () => {
    const { handOut, offer, names } = setUp();
    handOut.pause();
    offer("a");
    expect(names()).toEqual([]);
    handOut.resume();
    expect(names()).toEqual(["a"]);
    handOut.stop();
    offer("b");
    expect(names()).toEqual(["a"]);
  });

  it("lets go of the oldest where the broker cannot be held back, and counts it", () => {
    let dropped = 0;
    const { offer, out, names } = setUp({ overflow: "drop-oldest", onDrop: (count) => (dropped += count) });
    for (const name of ["a", "b", "c", "d", "e", "f"]) offer(name);
    expect(dropped).toBe(2);
    out[0]?.settle("ack");
    out[1]?.settle("ack");
    expect(names()).toEqual(["a", "b", "e", "f"]);
  });

  it("is idle once everything is settled, or stale", async () => {
    const { handOut, offer, out } = setUp();
    offer("a");
    const idle = handOut.idle();
    out[0]?.settle("ack");
    await idle;
    offer("b");
    const again = handOut.idle();
    handOut.endGeneration();
    await again;
  });
});
