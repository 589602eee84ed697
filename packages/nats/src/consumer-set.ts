import { apiCodeOf, apiCodes } from "./classify.ts";
import type { Beginning } from "./consumers.ts";
import { StreamConsumer } from "./stream-consumer.ts";
import type { StreamConsumerHost } from "./stream-consumer.ts";
import type { StreamPlace } from "./streams.ts";

/** How many consumers are started at once, where a filter reaches into many streams. */
const startsAtOnce = 16;

/** The consumers of one subscription: one on each stream that its filter reaches into. */
export class ConsumerSet implements Iterable<StreamConsumer> {
  readonly #host: StreamConsumerHost;
  /** Where a filter begins with a wildcard, a stream that vanishes is no failure. */
  readonly #wide: boolean;
  #consumers: readonly StreamConsumer[] = [];

  constructor(host: StreamConsumerHost, wide: boolean) {
    this.#host = host;
    this.#wide = wide;
  }

  [Symbol.iterator](): Iterator<StreamConsumer> {
    return this.#consumers[Symbol.iterator]();
  }

  get size(): number {
    return this.#consumers.length;
  }

  /** How long the server waits for a settlement, in milliseconds: the shortest of all, and no longer than the given. */
  leaseMs(atMost: number = Infinity): number {
    return Math.min(atMost, ...this.#consumers.map(({ leaseMs }) => leaseMs));
  }

  /** Has a consumer on each of these streams and on no other. None of them fetches anything yet. */
  async settleOn(places: readonly StreamPlace[], beginning: Beginning): Promise<void> {
    const names = new Set(places.map(({ name }) => name));
    for (const consumer of this.#consumers.filter(({ stream }) => !names.has(stream))) {
      consumer.mute();
      this.#host.positionLost(
        `The stream ${consumer.stream} is gone, or takes nothing of "${this.#host.request.filter}" any more.`,
      );
    }
    const former = this.#consumers;
    this.#consumers = places.map(
      ({ name }) => former.find(({ stream }) => stream === name) ?? new StreamConsumer(this.#host, name),
    );
    await this.#startAll(this.#consumers, places, beginning);
  }

  /** Has a consumer on those of the streams that are new too, and reads them from their first message. */
  async extendTo(places: readonly StreamPlace[]): Promise<void> {
    const added = places.filter(({ name }) => !this.#consumers.some(({ stream }) => stream === name));
    const consumers = added.map(({ name }) => new StreamConsumer(this.#host, name));
    this.#consumers = [...this.#consumers, ...consumers];
    await this.#startAll(consumers, added, "earliest");
    for (const consumer of consumers) consumer.read();
  }

  /** Starts the consumers, each on the place of its number. A stream that vanished meanwhile is none to read. */
  async #startAll(
    consumers: readonly StreamConsumer[],
    places: readonly StreamPlace[],
    beginning: Beginning,
  ): Promise<void> {
    const starts = places.entries();
    const startSome = async (): Promise<void> => {
      for (const [index, place] of starts) {
        try {
          await consumers[index]?.start(place, beginning);
        } catch (error) {
          if (!this.#wide || apiCodeOf(error) !== apiCodes.streamNotFound) throw error;
          this.#consumers = this.#consumers.filter((consumer) => consumer !== consumers[index]);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(startsAtOnce, places.length) }, startSome));
  }
}
