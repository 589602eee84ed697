import type { Delivery, Outcome, SubscribeRequest } from "@busbar/core/contract";
import { HandOut, oncePerTurn } from "@busbar/core/driver";
import type { ClientBatch, PartitionOffset } from "./client.ts";
import { CommitFirst } from "./commit-first.ts";
import { CommitWriter } from "./commit-writer.ts";
import { KafkaArrival, positionOf } from "./kafka-arrival.ts";
import type { HeldPartition, Settlements } from "./kafka-arrival.ts";
import { keyOf } from "./starting-positions.ts";
import { busTopic } from "./topic.ts";
import { Watermark } from "./watermark.ts";

/** What the deliveries of a subscription need. */
export interface DeliveriesOptions {
  readonly request: SubscribeRequest;
  readonly sink: (delivery: Delivery) => void;
  readonly commit: (offsets: readonly PartitionOffset[]) => Promise<void>;
  readonly commitIntervalMs: number;
  readonly heartbeatIntervalMs: number;
  /** An acknowledgement was lost with its assignment; those of the same partition before it that were not written either go with it. */
  readonly onUnwritten: (delivery: Delivery) => void;
  /** What was out when the partitions were given up belongs to others now: the positions of it. */
  readonly onRevoked: (positions: readonly string[]) => void;
  /** The log does not go on where it should. */
  readonly onGap: (gap: Gap) => void;
}

/** Where a partition did not go on as expected. */
export interface Gap {
  readonly topic: string;
  readonly partition: number;
  readonly expected: number;
  /** The offset that came instead: above where records are missing, below where the log was cut or made anew. */
  readonly found: number;
}

/**
 * What a subscription has out: batches in, deliveries out, settlements to contiguous watermarks to commits. It lasts as long
 * as the subscription; partitions come with `begin` and go with `end`, which makes what is out stale.
 */
export class Deliveries implements Settlements {
  readonly #options: DeliveriesOptions;
  readonly #handOut: HandOut;
  readonly #commits: CommitWriter;
  readonly #commitFirst: CommitFirst | undefined;
  /** The last offset of each partition that core has seen, over all assignments. */
  readonly #seen = new Map<string, number>();
  #partitions = new Map<string, HeldPartition>();
  /** The partitions whose watermark has moved in this turn. */
  readonly #moved = new Set<HeldPartition>();
  readonly #placeSoon = oncePerTurn(() => this.#place());
  /** What was out of each partition when it was given up, until it shows who has it next. */
  readonly #givenUp = new Map<string, readonly string[]>();
  #active = false;
  #stopped = false;
  #leaving = false;
  #paused = false;
  #wake: (() => void) | undefined;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    const { request, sink, commit, commitIntervalMs } = options;
    this.#handOut = new HandOut({
      credit: request.maxInFlight,
      sink: (delivery) => {
        // Made now rather than when core looks at it, because only what was handed out counts as seen.
        void delivery.record;
        sink(delivery);
      },
    });
    this.#commits = new CommitWriter({
      write: commit,
      intervalMs: commitIntervalMs,
      onWritten: (offsets) => this.#written(offsets),
      onFailed: () => {},
    });
    if (request.delivery === "at-most-once") {
      this.#commitFirst = new CommitFirst({
        room: () => (this.#handOut.full ? 0 : request.maxInFlight - this.#handOut.unsettled - this.#handOut.waiting),
        commit,
        offer: (arrival) => this.#handOut.offer(arrival),
      });
    }
  }

  /** True between `begin` and `end`. */
  get active(): boolean {
    return this.#active;
  }

  /** These partitions are ours, from these places on. */
  begin(positions: readonly PartitionOffset[]): void {
    this.#partitions = new Map(
      positions.map(({ topic, partition, offset }) => {
        const key = keyOf({ topic, partition });
        return [
          key,
          {
            key,
            topic,
            partition,
            address: busTopic(topic),
            watermark: new Watermark(offset),
            committed: offset,
            lastSettled: undefined,
          },
        ];
      }),
    );
    this.#active = true;
    this.#leaving = false;
    this.#tellRevoked();
    this.#commitFirst?.release();
    this.#applyPause();
  }

  /** The partitions are not ours any more: what is out is stale. */
  end(): void {
    if (!this.#active) return;
    this.#active = false;
    this.#moved.clear();
    this.#commits.forget();
    this.#commitFirst?.clear();
    this.#handOut.endGeneration();
    for (const held of this.#partitions.values()) {
      const { key, lastSettled, watermark, committed } = held;
      const out = Array.from(watermark.unsettled(), (offset) => positionOf(held, offset));
      if (out.length > 0) this.#givenUp.set(key, out);
      if (lastSettled !== undefined && watermark.position > committed) this.#options.onUnwritten(lastSettled);
    }
    this.#partitions = new Map();
    this.#wake?.();
  }

  /** Before `end`: hands out no more, waits for what is out at most this long, and writes what was settled. */
  async finish(boundMs: number, beat: () => Promise<boolean>): Promise<void> {
    await this.#commitFirst?.hold();
    this.#leaving = true;
    this.#applyPause();
    const until = Date.now() + boundMs;
    const idle = this.#handOut.idle().then((): true => true);
    for (let known = true; known && Date.now() < until;) {
      const wait = Math.min(this.#options.heartbeatIntervalMs, until - Date.now());
      if (await timely(idle, wait)) break;
      known = await beat();
    }
    await this.#flushCommits();
  }

  /** Takes a batch; resolves when the next one may come. Rejects only as the batch's heartbeat does. */
  async take(batch: ClientBatch): Promise<void> {
    const held = this.#partitions.get(keyOf(batch));
    if (!this.#active || this.#stopped || held === undefined || batch.isStale()) {
      // It is fetched again at once, so that a batch nobody wants must not come back at full speed.
      return this.#room(this.#options.heartbeatIntervalMs / 4);
    }
    batch.accept();
    this.#offer(held, batch);
    while (this.#active && !this.#stopped && this.#waiting > this.#options.request.maxInFlight) {
      await this.#room(this.#options.heartbeatIntervalMs);
      await batch.heartbeat();
    }
  }

  pause(): void {
    this.#paused = true;
    this.#applyPause();
  }

  resume(): void {
    this.#paused = false;
    this.#applyPause();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#commitFirst?.hold();
    this.#handOut.stop();
  }

  flush(): Promise<void> {
    return this.#flushCommits();
  }

  /** @internal */
  seen({ held, mark }: KafkaArrival): void {
    if (mark.offset > (this.#seen.get(held.key) ?? -1)) this.#seen.set(held.key, mark.offset);
  }

  /** @internal */
  settled(arrival: KafkaArrival, outcome: Outcome, delivery: Delivery): void {
    if (this.#commitFirst !== undefined) {
      arrival.held.watermark.settle(arrival.mark);
      // The credit is returned after this.
      queueMicrotask(() => this.#commitFirst?.pump());
    } else if (outcome === "release") this.#again(arrival);
    else this.#advance(arrival, delivery);
    if (this.#waiting <= this.#options.request.maxInFlight) this.#wake?.();
  }

  #tellRevoked(): void {
    const gone = [...this.#givenUp].filter(([key]) => !this.#partitions.has(key)).flatMap(([, positions]) => positions);
    this.#givenUp.clear();
    if (gone.length > 0) this.#options.onRevoked(gone);
  }

  get #waiting(): number {
    return this.#commitFirst?.waiting ?? this.#handOut.waiting;
  }

  #offer(held: HeldPartition, { topic, partition, records }: ClientBatch): void {
    const seenUpTo = this.#seen.get(held.key) ?? -1;
    const first = Number(records[0]?.offset ?? held.watermark.end);
    const expected = held.watermark.end;
    if (first !== expected) this.#options.onGap({ topic, partition, expected, found: first });
    // The log was cut or made anew: what was out belongs to records that are gone.
    if (first < expected) held.watermark = new Watermark(first);
    for (const raw of records) {
      const offset = Number(raw.offset);
      const arrival = new KafkaArrival(held, raw, held.watermark.track(offset), offset <= seenUpTo, this);
      if (this.#commitFirst === undefined) this.#handOut.offer(arrival);
      else this.#commitFirst.add(arrival);
    }
    this.#commitFirst?.pump();
  }

  #advance({ held, mark }: KafkaArrival, delivery: Delivery): void {
    if (!held.watermark.settle(mark)) return;
    held.lastSettled = delivery;
    this.#moved.add(held);
    this.#placeSoon();
  }

  /** Thousands of records move a watermark in one turn, and only where it stands in the end matters. */
  #place(): void {
    for (const { topic, partition, watermark } of this.#moved)
      this.#commits.place({ topic, partition, offset: watermark.position });
    this.#moved.clear();
  }

  #flushCommits(): Promise<void> {
    this.#place();
    return this.#commits.flush();
  }

  /** Kafka takes no single message back, so the member keeps it and hands it out once more. */
  #again(arrival: KafkaArrival): void {
    setImmediate(() => {
      if (this.#active && this.#partitions.get(arrival.held.key) === arrival.held) this.#handOut.offer(arrival.again());
    });
  }

  #written(offsets: readonly PartitionOffset[]): void {
    for (const place of offsets) {
      const held = this.#partitions.get(keyOf(place));
      if (held !== undefined) held.committed = place.offset;
    }
  }

  #applyPause(): void {
    if (this.#paused || this.#leaving) return this.#handOut.pause();
    this.#handOut.resume();
    this.#commitFirst?.pump();
    this.#wake?.();
  }

  /** Resolves when there may be room, or after a while. */
  #room(whileMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, whileMs);
      this.#wake = done;
    });
  }
}

/** True when the work is done within the time. */
async function timely(work: Promise<true>, whileMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), whileMs);
  });
  const done = await Promise.race([work, late]);
  clearTimeout(timer);
  return done;
}
