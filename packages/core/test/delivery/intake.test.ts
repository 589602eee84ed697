import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Delivery, InboundRecord, Outcome } from "../../src/contract/index.ts";
import { Intake } from "../../src/delivery/intake.ts";
import type { DeathReason, IntakeOptions } from "../../src/delivery/intake.ts";
import { Reject, RetryLater } from "../../src/delivery/outcome.ts";
import { HandOut } from "../../src/driver/hand-out.ts";
import { Sweep } from "../../src/delivery/sweep.ts";
import { PayloadError } from "../../src/errors.ts";
import { parseFilter } from "../../src/topic/grammar.ts";

const source = { prefix: "", broker: "main", topicOf: (record: InboundRecord) => record.topic ?? record.address };

interface Job {
  readonly text: string;
  readonly attempt: number;
  readonly signal: () => AbortSignal;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** An intake whose handlers end when the test says so. */
function setUp(options: Partial<IntakeOptions> = {}) {
  const jobs: Job[] = [];
  const settled: string[] = [];
  const dead: string[] = [];
  let bury = (): Promise<void> => Promise.resolve();
  const intake = new Intake({
    filter: parseFilter("t.**"),
    concurrency: 2,
    order: "key",
    retry: { attempts: 3, backoffMs: 100, factor: 2, maxBackoffMs: 30_000, jitter: 0 },
    handlerTimeoutMs: 1_000,
    atMostOnce: false,
    manual: false,
    maxInFlight: 10,
    maxHoldMs: () => Number.POSITIVE_INFINITY,
    sweep: new Sweep(),
    decode: ({ body }) => new TextDecoder().decode(body),
    handle: (payload, message) =>
      new Promise<void>((resolve, reject) => {
        jobs.push({ text: String(payload), attempt: message.attempt, signal: () => message.signal, resolve, reject });
      }),
    bury: async (message, reason: DeathReason) => {
      await bury();
      dead.push(`${new TextDecoder().decode(message.delivery.record.body)} ${reason} ${message.failures}`);
      return "kept";
    },
    warn: () => undefined,
    ...options,
  });
  const deliver = (
    text: string,
    more: Partial<InboundRecord> &
      Partial<Pick<Delivery, "position" | "redelivered" | "deliveries" | "failures" | "longestDelayMs">> = {},
  ) => {
    const { position, redelivered = false, deliveries, failures, longestDelayMs, ...record } = more;
    let settledBefore = false;
    const delivery: Delivery & { stale: boolean } = {
      record: { address: "t.a", body: new TextEncoder().encode(text), headers: {}, id: text, ...record },
      redelivered,
      deliveries,
      failures,
      longestDelayMs,
      position,
      stale: false,
      settle(outcome: Outcome, ...later: number[]) {
        if (settledBefore || this.stale) return;
        settledBefore = true;
        settled.push([text, outcome, ...later].join(" "));
      },
    };
    intake.accept(delivery, source);
    return delivery;
  };
  const running = (): string[] => jobs.map((job) => `${job.text} ${job.attempt}`);
  return { intake, jobs, settled, dead, deliver, running, buryWith: (next: () => Promise<void>) => (bury = next) };
}

const turn = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe("an intake", () => {
  beforeEach(
    () =>
      void vi.useFakeTimers({
        toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance", "Date"],
      }),
  );
  afterEach(() => void vi.useRealTimers());

  it("acknowledges only after the handler succeeded", async () => {
    const { deliver, jobs, settled } = setUp();
    deliver("one");
    await turn();
    expect(settled).toEqual([]);
    jobs[0]?.resolve();
    await turn();
    expect(settled).toEqual(["one ack"]);
  });

  it("buries what was delivered too often without a run, and acknowledges it after that", async () => {
    const { deliver, running, settled, dead, buryWith } = setUp({ maxDeliveries: 2 });
    let written: () => void = () => undefined;
    buryWith(() => new Promise<void>((resolve) => (written = resolve)));
    deliver("often", { deliveries: 3, redelivered: true, key: "k" });
    deliver("seldom", { deliveries: 2, redelivered: true, key: "k" });
    deliver("unknown", { redelivered: true });
    await turn();
    expect(running()).toEqual(["seldom 1", "unknown 1"]);
    expect(settled).toEqual([]);
    written();
    await turn();
    expect(dead).toEqual(["often deliveries-exhausted 0"]);
    expect(settled).toEqual(["often ack"]);
  });

  describe("whose messages went to another member", () => {
    it("aborts what runs of them, keeps slot and lane until it ends, and counts it neither as handled nor as failed", async () => {
      const { intake, deliver, jobs, running, settled } = setUp({ concurrency: 1 });
      const gone = deliver("gone", { position: "1", key: "k" });
      deliver("waits", { position: "2" });
      const signal = jobs[0]?.signal();
      gone.stale = true;
      intake.revoked(["1", "7"], source);
      expect(signal?.aborted).toBe(true);
      expect(signal?.reason).toMatchObject({ code: "BUSBAR_REVOKED", topic: "t.a" });
      expect(running()).toEqual(["gone 1"]);
      jobs[0]?.reject(signal?.reason);
      await turn();
      expect(running()).toEqual(["gone 1", "waits 1"]);
      jobs[1]?.resolve();
      await turn();
      expect(settled).toEqual(["waits ack"]);
      expect(intake.counts).toMatchObject({ handled: 1, failed: 0, abandoned: 0 });
    });

    it("runs again what has come back meanwhile, without an attempt used up, also where the handler took no notice", async () => {
      const { intake, deliver, jobs, running, settled } = setUp();
      deliver("gone", { position: "1" }).stale = true;
      intake.revoked(["1"], source);
      deliver("gone", { position: "1", redelivered: true });
      expect(running()).toEqual(["gone 1"]);
      jobs[0]?.resolve();
      await vi.advanceTimersByTimeAsync(40);
      expect(running()).toEqual(["gone 1", "gone 1"]);
      expect(settled).toEqual([]);
      jobs[1]?.resolve();
      await turn();
      expect(settled).toEqual(["gone ack"]);
    });

    it("lets run what is not stale, what was not revoked, and what is delivered at most once", () => {
      const { intake, deliver, jobs } = setUp();
      deliver("mine", { position: "1" });
      deliver("cut", { position: "2" }).stale = true;
      intake.revoked(["1"], source);
      expect(jobs.map(({ signal }) => signal().aborted)).toEqual([false, false]);
      const once = setUp({ atMostOnce: true });
      once.deliver("once", { position: "1" }).stale = true;
      once.intake.revoked(["1"], source);
      expect(once.jobs[0]?.signal().aborted).toBe(false);
    });

    it("lets go at once of what its handler was to settle by hand", async () => {
      const { intake, deliver, settled } = setUp({ manual: true, concurrency: 1, handle: () => undefined });
      const gone = deliver("gone", { position: "1" });
      gone.stale = true;
      intake.revoked(["1"], source);
      expect(intake.running).toBe(0);
      expect(settled).toEqual([]);
    });
  });

  it.each([5_001, -1, Number.NaN])(
    "takes a wait of %d ms that the broker does not allow for a failure, and says so",
    async (delayMs) => {
      const { intake, deliver, jobs, running } = setUp({ maxHoldMs: () => 5_000 });
      deliver("one");
      jobs[0]?.reject(new RetryLater(delayMs));
      await vi.advanceTimersByTimeAsync(140);
      expect(running()).toEqual(["one 1", "one 2"]);
      expect(intake.counts.failed).toBe(1);
      expect(intake.lastError).toMatchObject({
        code: "BUSBAR_INVALID_ARGUMENT",
        message: expect.stringContaining(`in ${delayMs} ms; that has to be from 0 to 5000`) as string,
      });
      jobs[1]?.reject(new RetryLater(5_000));
      await vi.advanceTimersByTimeAsync(5_040);
      expect(running()).toEqual(["one 1", "one 2", "one 2"]);
    },
  );

  it("counts no deliveries where a message is delivered at most once", () => {
    const { deliver, running } = setUp({ maxDeliveries: 1, atMostOnce: true });
    deliver("one", { deliveries: 2 });
    expect(running()).toEqual(["one 1"]);
  });

  it("runs as many handlers as asked, and never one more", async () => {
    const { deliver, jobs, running } = setUp();
    for (const text of ["one", "two", "three"]) deliver(text);
    expect(running()).toEqual(["one 1", "two 1"]);
    jobs[1]?.resolve();
    await turn();
    expect(running()).toEqual(["one 1", "two 1", "three 1"]);
  });

  it("retries with growing waits up to the attempts, then buries, and acknowledges after that", async () => {
    const { deliver, jobs, settled, dead, buryWith } = setUp();
    let written: () => void = () => undefined;
    buryWith(() => new Promise<void>((resolve) => (written = resolve)));
    deliver("one");
    for (const wait of [100, 200]) {
      jobs.at(-1)?.reject(new Error("no"));
      const runs = jobs.length;
      await vi.advanceTimersByTimeAsync(wait - 1);
      expect(jobs.length).toBe(runs);
      await vi.advanceTimersByTimeAsync(41);
      expect(jobs.length).toBe(runs + 1);
    }
    jobs.at(-1)?.reject(new Error("no"));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(settled).toEqual([]);
    written();
    await turn();
    expect(dead).toEqual(["one attempts-exhausted 3"]);
    expect(settled).toEqual(["one ack"]);
  });

  it("gives its slot to others while it waits, but keeps its key's lane", async () => {
    const { deliver, jobs, running } = setUp({ concurrency: 1 });
    deliver("one", { key: "k" });
    deliver("two", { key: "k" });
    deliver("other", { key: "l" });
    jobs[0]?.reject(new Error("no"));
    await turn();
    expect(running()).toEqual(["one 1", "other 1"]);
    jobs[1]?.resolve();
    await vi.advanceTimersByTimeAsync(150);
    expect(running()).toEqual(["one 1", "other 1", "one 2"]);
    jobs[2]?.resolve();
    await turn();
    expect(running()).toEqual(["one 1", "other 1", "one 2", "two 1"]);
  });

  it("buries at once what the handler rejects, and what cannot be decoded", async () => {
    const { deliver, jobs, dead } = setUp();
    deliver("one");
    jobs[0]?.reject(new Reject("useless"));
    await turn();
    expect(dead).toEqual(["one rejected 1"]);
    const broken = setUp({
      decode: () => {
        throw new PayloadError("BUSBAR_CODEC", "no JSON");
      },
    });
    broken.deliver("two");
    await turn();
    expect(broken.jobs).toEqual([]);
    expect(broken.dead).toEqual(["two undecodable 1"]);
  });

  it("retries a codec error that comes out of the handler's own calls", async () => {
    const { deliver, jobs, dead } = setUp();
    deliver("one");
    jobs[0]?.reject(new PayloadError("BUSBAR_CODEC", "of something else"));
    await turn();
    expect(dead).toEqual([]);
  });

  it("runs again when the handler asks, without using up an attempt", async () => {
    const { deliver, jobs, running } = setUp();
    deliver("one");
    jobs[0]?.reject(new RetryLater(5_000));
    await vi.advanceTimersByTimeAsync(4_999);
    expect(running()).toEqual(["one 1"]);
    await vi.advanceTimersByTimeAsync(41);
    expect(running()).toEqual(["one 1", "one 1"]);
  });

  it("holds no message for longer than its broker lets it, whatever the policy or the handler asks for", async () => {
    const retry = { attempts: 3, backoffMs: 60_000, factor: 1, maxBackoffMs: 60_000, jitter: 0 };
    const { deliver, jobs, running, dead } = setUp({ maxHoldMs: () => 2_000, retry });
    deliver("one");
    jobs[0]?.reject(new Error("no"));
    await vi.advanceTimersByTimeAsync(2_041);
    expect(running()).toEqual(["one 1", "one 2"]);
    // More than may be: an attempt like any other.
    jobs[1]?.reject(new RetryLater(2_001));
    await vi.advanceTimersByTimeAsync(2_041);
    expect(running()).toEqual(["one 1", "one 2", "one 3"]);
    jobs[2]?.reject(new RetryLater(2_001));
    await turn();
    expect(dead).toEqual(["one attempts-exhausted 3"]);
  });

  describe("where the broker holds back what may not be held here for so long", () => {
    const holding = { maxHoldMs: () => 2_000, order: "none" } as const;
    const long = { longestDelayMs: 60_000 };

    it("gives it back for that time, with its failures, and holds what is short itself", async () => {
      const { deliver, jobs, running, settled } = setUp(holding);
      deliver("one", long);
      jobs[0]?.reject(new Error("no"));
      await vi.advanceTimersByTimeAsync(140);
      jobs[1]?.reject(new RetryLater(1_500));
      await vi.advanceTimersByTimeAsync(1_540);
      expect(running()).toEqual(["one 1", "one 2", "one 2"]);
      expect(settled).toEqual([]);
      // With what it has waited already it is too long.
      jobs[2]?.reject(new RetryLater(1_500));
      await turn();
      expect(settled).toEqual(["one release 1500 1"]);
      deliver("one", { ...long, redelivered: true, failures: 1 });
      expect(running().at(-1)).toBe("one 2");
    });

    it("gives back what its retry policy makes wait for too long", async () => {
      const retry = { attempts: 3, backoffMs: 90_000, factor: 1, maxBackoffMs: 90_000, jitter: 0 };
      const { deliver, jobs, settled } = setUp({ ...holding, retry });
      deliver("one", { longestDelayMs: 100_000 });
      deliver("two", long);
      for (const job of jobs) job.reject(new Error("no"));
      await turn();
      expect(settled).toEqual(["one release 90000 1", "two release 60000 1"]);
    });

    it("gives back while it drains, and counts as no failure what was asked for", async () => {
      const { intake, deliver, jobs, settled } = setUp(holding);
      deliver("one", long);
      const drained = intake.drain(new Promise(() => undefined));
      jobs[0]?.reject(new RetryLater(60_000));
      await drained;
      expect(settled).toEqual(["one release 60000 0"]);
      expect(intake.counts.failed).toBe(0);
    });

    it("takes a wait that even the broker does not hold, or that costs a key its order, for a failure", async () => {
      const { intake, deliver, jobs, settled } = setUp({ ...holding, order: "key" });
      deliver("free", long);
      deliver("keyed", { ...long, key: "k" });
      jobs[0]?.reject(new RetryLater(60_001));
      await turn();
      expect(intake.lastError).toMatchObject({ message: expect.stringContaining("from 0 to 60000,") as string });
      jobs[1]?.reject(new RetryLater(2_001));
      await turn();
      expect(intake.lastError).toMatchObject({
        code: "BUSBAR_INVALID_ARGUMENT",
        message: expect.stringMatching(/from 0 to 2000, .* order: "none"/) as string,
      });
      expect(intake.counts.failed).toBe(2);
      expect(settled).toEqual([]);
      await vi.advanceTimersByTimeAsync(140);
      jobs.findLast(({ text }) => text === "free")?.reject(new RetryLater(60_000));
      await turn();
      expect(settled).toEqual(["free release 60000 1"]);
    });
  });

  it("keeps what it cannot bury unacknowledged, and tries again", async () => {
    const { deliver, jobs, settled, dead, buryWith } = setUp();
    let failures = 2;
    buryWith(() => (failures-- > 0 ? Promise.reject(new Error("full")) : Promise.resolve()));
    deliver("one");
    jobs[0]?.reject(new Reject("useless"));
    await turn();
    expect(settled).toEqual([]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(dead).toEqual(["one rejected 1"]);
    expect(settled).toEqual(["one ack"]);
  });

  it("takes a redelivery for the message that still runs, and acknowledges the new delivery", async () => {
    const { deliver, jobs, settled, running } = setUp();
    const old = deliver("one", { position: "5" });
    old.stale = true;
    deliver("one", { position: "5", redelivered: true });
    await turn();
    expect(running()).toEqual(["one 1"]);
    jobs[0]?.resolve();
    await turn();
    expect(settled).toEqual(["one ack"]);
  });

  it("knows a redelivery that nobody marks for what still runs, as soon as its hand-out has begun anew", async () => {
    const { intake, jobs, running } = setUp({ concurrency: 9 });
    const handOut = new HandOut({ credit: 9, sink: (delivery) => intake.accept(delivery, source) });
    const offer = (text: string): void =>
      handOut.offer({
        record: { address: "t.a", body: new TextEncoder().encode(text), headers: {}, id: text },
        redelivered: false,
        position: text,
        settle: () => undefined,
      });
    offer("one");
    offer("two");
    handOut.endGeneration();
    offer("one");
    offer("three");
    await turn();
    offer("two");
    handOut.endGeneration();
    offer("three");
    await turn();
    expect(running()).toEqual(["one 1", "two 1", "three 1"]);
    for (const job of jobs) job.resolve();
    await turn();
    // The first two were handled while their deliveries were stale once more.
    offer("one");
    offer("two");
    offer("three");
    await turn();
    expect(running()).toEqual(["one 1", "two 1", "three 1", "three 1"]);
  });

  it("acknowledges a redelivery unrun when the first delivery went stale and then succeeded", async () => {
    const { deliver, jobs, settled, intake } = setUp();
    const old = deliver("one");
    old.stale = true;
    jobs[0]?.resolve();
    await turn();
    expect(settled).toEqual([]);
    deliver("one", { redelivered: true });
    await turn();
    expect(jobs.length).toBe(1);
    expect(settled).toEqual(["one ack"]);
    expect(intake.counts.skipped).toBe(1);
  });

  it("runs a redelivery again when the first delivery went stale and then failed: only what succeeded is known", async () => {
    const { deliver, jobs, settled, intake } = setUp();
    const old = deliver("one");
    old.stale = true;
    jobs[0]?.reject(new Error("no"));
    await turn();
    deliver("one", { redelivered: true });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(jobs.length).toBe(2);
    expect(settled).toEqual([]);
    jobs[1]?.resolve();
    await turn();
    expect(settled).toEqual(["one ack"]);
    expect(intake.counts.skipped).toBe(0);
  });

  it("never takes a new message for a redelivery because somebody used an id twice", async () => {
    const { deliver, jobs } = setUp();
    const old = deliver("one", { id: "same" });
    old.stale = true;
    jobs[0]?.resolve();
    await turn();
    deliver("two", { id: "same" });
    await turn();
    expect(jobs.map((job) => job.text)).toEqual(["one", "two"]);
  });

  it("does not begin what went stale: the broker delivers it again", async () => {
    const { deliver, jobs, running } = setUp({ concurrency: 1 });
    deliver("one");
    const waiting = deliver("two");
    waiting.stale = true;
    jobs[0]?.resolve();
    await turn();
    expect(running()).toEqual(["one 1"]);
  });

  it("counts as held up what failed, also while it waits for a slot or is run again", async () => {
    const { deliver, jobs, intake } = setUp({ concurrency: 1 });
    deliver("one", { key: "k" });
    deliver("two", { key: "l" });
    deliver("fresh", { key: "m" });
    for (const index of [0, 1]) {
      jobs[index]?.reject(new Error("no"));
      await turn();
    }
    expect([intake.heldUp, intake.delayed]).toEqual([2, 2]);
    // Both are due, and the only slot is taken by a third.
    await vi.advanceTimersByTimeAsync(140);
    expect([intake.heldUp, intake.delayed]).toEqual([2, 0]);
    expect(intake.heldUpKeys()).toEqual(["t.a k", "t.a l"]);
    jobs[2]?.resolve();
    for (const index of [3, 4]) {
      await turn();
      jobs[index]?.resolve();
    }
    await turn();
    expect(intake.heldUp).toBe(0);
  });

  it("counts as held up what waits behind one that failed", async () => {
    const { deliver, jobs, intake } = setUp();
    for (const text of ["one", "two", "three"]) deliver(text, { key: "k" });
    expect(intake.heldUp).toBe(0);
    jobs[0]?.reject(new Error("no"));
    await turn();
    expect(intake.heldUp).toBe(3);
    expect(intake.heldUpKeys()).toEqual(["t.a k"]);
  });

  it("acknowledges and counts what does not fit the filter", () => {
    const { deliver, settled, intake } = setUp();
    deliver("one", { address: "other" });
    expect(settled).toEqual(["one ack"]);
    expect(intake.counts.unmatched).toBe(1);
  });

  it("aborts a handler at its time, counts that as a failure, and does not run the message twice at once", async () => {
    const { deliver, jobs, running, settled } = setUp();
    deliver("one");
    const signal = jobs[0]?.signal();
    await vi.advanceTimersByTimeAsync(1_040);
    expect(signal?.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(running()).toEqual(["one 1"]);
    jobs[0]?.resolve();
    await vi.advanceTimersByTimeAsync(150);
    expect(running()).toEqual(["one 1", "one 2"]);
    expect(settled).toEqual([]);
  });

  it("gives up a handler that never ends, so that it cannot kill its subscription", async () => {
    const warnings: string[] = [];
    const { deliver, intake, running } = setUp({ concurrency: 1, warn: (text) => void warnings.push(text) });
    deliver("hung");
    deliver("next");
    await vi.advanceTimersByTimeAsync(31_040);
    expect(intake.counts.abandoned).toBe(1);
    expect(warnings).toEqual([expect.stringContaining("did not end when it was aborted")]);
    expect(running()).toEqual(["hung 1", "next 1"]);
  });

  it("counts giving up as a failure, and what the handler that was given up does later as nothing", async () => {
    const { deliver, intake, jobs, running, settled } = setUp({ concurrency: 1 });
    deliver("hung");
    await vi.advanceTimersByTimeAsync(31_200);
    expect(intake.counts).toMatchObject({ abandoned: 1, failed: 1, handled: 0 });
    expect(running()).toEqual(["hung 1", "hung 2"]);
    jobs[0]?.resolve();
    await turn();
    expect([settled, intake.running]).toEqual([[], 1]);
    jobs[1]?.resolve();
    await turn();
    expect(settled).toEqual(["hung ack"]);
    expect(intake.counts).toMatchObject({ abandoned: 1, failed: 1, handled: 1 });
  });

  it("gives back in a drain what has not begun and what waits, and lets what runs end", async () => {
    const { deliver, jobs, settled, intake } = setUp({ concurrency: 2 });
    deliver("retrying");
    jobs[0]?.reject(new Error("no"));
    await turn();
    for (const text of ["a", "b", "c"]) deliver(text);
    const drained = intake.drain(new Promise(() => undefined));
    expect(settled).toEqual(["retrying release", "c release"]);
    jobs[1]?.resolve();
    jobs[2]?.resolve();
    await drained;
    expect(settled).toEqual(["retrying release", "c release", "a ack", "b ack"]);
  });

  it("gives the messages of one key back in their order, each behind those before it", async () => {
    const { deliver, jobs, settled, intake } = setUp({ concurrency: 3 });
    for (const text of ["k1", "k2", "k3"]) deliver(text, { key: "k" });
    for (const text of ["l1", "l2", "l3"]) deliver(text, { key: "l" });
    deliver("m1", { key: "m" });
    jobs[1]?.reject(new Error("no"));
    jobs[2]?.reject(new Error("no"));
    await turn();
    for (const text of ["m2", "l4"]) deliver(text, { key: text.slice(0, 1) });
    let end = (): void => undefined;
    const drained = intake.drain(new Promise((resolve) => (end = resolve)));
    expect(settled).toEqual(["l1 release", "l2 release", "l3 release", "m1 release", "m2 release", "l4 release"]);
    end();
    await drained;
    expect(settled.slice(6)).toEqual(["k1 release", "k2 release", "k3 release"]);
  });

  it("cuts off at the deadline: aborted, given back, neither handled nor failed", async () => {
    const { deliver, jobs, settled, intake } = setUp();
    deliver("slow");
    const signal = jobs[0]?.signal();
    await intake.drain(Promise.resolve());
    expect(signal?.aborted).toBe(true);
    expect(settled).toEqual(["slow release"]);
    jobs[0]?.resolve();
    await turn();
    expect(settled).toEqual(["slow release"]);
    expect(intake.counts).toMatchObject({ handled: 0, failed: 0 });
  });

  it("settles by hand: once, and only when the handler says so", async () => {
    const decisions: { ack(): void; reject(reason: string): void }[] = [];
    const { deliver, settled, dead } = setUp({
      manual: true,
      handle: (_payload, message) => void decisions.push(message),
    });
    deliver("one");
    await turn();
    expect(settled).toEqual([]);
    decisions[0]?.ack();
    decisions[0]?.reject("too late");
    await turn();
    expect(settled).toEqual(["one ack"]);
    expect(dead).toEqual([]);
  });

  it("survives whatever a handler throws", async () => {
    for (const thrown of [
      undefined,
      null,
      "text",
      7,
      Object.create(null),
      {
        toString: () => {
          throw new Error("no");
        },
      },
    ]) {
      const { deliver, settled } = setUp({
        retry: { attempts: 1, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 },
        handle: () => {
          throw thrown;
        },
      });
      deliver("one");
      await turn();
      expect(settled).toEqual(["one ack"]);
    }
  });

  it("acknowledges before the handler, and runs it once, where at-most-once is asked for", async () => {
    const { deliver, jobs, settled, dead } = setUp({ atMostOnce: true });
    deliver("one");
    expect(settled).toEqual(["one ack"]);
    jobs[0]?.reject(new Error("no"));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(jobs.length).toBe(1);
    expect(dead).toEqual([]);
  });
});
