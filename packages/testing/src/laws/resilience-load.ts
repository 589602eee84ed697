import { BusError } from "@busbar/core/driver";
import { ascending, bytesOf, numberIn } from "../numbered.ts";
import type { Client, Received } from "../scene/client.ts";

const usualKeys = 4;
/** How long the load waits between two publishes, in milliseconds: there shall be some all the time, not as many as there can be. */
const paceMs = 10;
/** The most publishes that it leaves unconfirmed. */
const mostOpen = 100;

/** Publishes ascending numbers under a few keys, does not wait for confirms, and remembers what became of each. */
export class Load {
  readonly confirmed: number[] = [];
  readonly refused: { readonly number: number; readonly error: unknown }[] = [];
  readonly #client: Client;
  readonly #topic: string;
  readonly #keys: number;
  readonly #open = new Set<Promise<void>>();
  #sent = 0;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  /** @param keys How many keys the numbers take turns in. A `Tally` knows of the usual ones. */
  constructor(client: Client, topic: string, keys: number = usualKeys) {
    this.#client = client;
    this.#topic = topic;
    this.#keys = keys;
  }

  /** How many were given to the bus. */
  get sent(): number {
    return this.#sent;
  }

  /** How many of them are neither confirmed nor refused. */
  get open(): number {
    return this.#open.size;
  }

  /** Publishes so many, without waiting for any of them. */
  burst(count: number): void {
    for (let done = 0; done < count; done++) this.#publish(this.#sent++);
  }

  /** Resolves once each is confirmed or refused. */
  async settled(): Promise<void> {
    await Promise.all(this.#open);
  }

  /** Publishes one after the other until `end`. */
  start(): void {
    this.#running = this.#run();
  }

  /** Publishes no more; resolves once each is confirmed or refused. */
  async end(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await this.settled();
  }

  /** What was refused with anything else than an error that says to try again: that it was not sent, or that nobody knows. */
  wronglyRefused(): readonly string[] {
    return this.refused.flatMap(({ number, error }) =>
      BusError.is(error) && error.retryable ? [] : [`${number}: ${String(error)}`],
    );
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      if (this.#open.size < mostOpen) this.burst(1);
      await new Promise((resolve) => void setTimeout(resolve, paceMs));
    }
  }

  #publish(number: number): void {
    const publishing = this.#client
      .publish(this.#topic, bytesOf(String(number)), { key: keyOf(number, this.#keys) })
      .then(
        () => void this.confirmed.push(number),
        (error: unknown) => void this.refused.push({ number, error }),
      );
    const open = publishing.finally(() => this.#open.delete(open));
    this.#open.add(open);
  }
}

/** Writes down which numbers were handled, and in which order for the first time. */
export class Tally {
  readonly first: number[] = [];
  readonly #seen = new Set<number>();

  /** Counts the message. */
  add(received: Pick<Received, "body">): void {
    const number = numberIn(received);
    if (!this.#seen.has(number)) this.first.push(number);
    this.#seen.add(number);
  }

  has(number: number): boolean {
    return this.#seen.has(number);
  }

  /** Those that are not among the handled ones. */
  missing(numbers: readonly number[]): readonly number[] {
    return numbers.filter((number) => !this.#seen.has(number)).sort(ascending);
  }

  /** The numbers that were handled for the first time after a later one of the same key. */
  overtaken(): readonly number[] {
    const latest = new Map<string, number>();
    return this.first.filter((number) => {
      const before = latest.get(keyOf(number)) ?? -1;
      latest.set(keyOf(number), Math.max(before, number));
      return number < before;
    });
  }
}

function keyOf(number: number, keys: number = usualKeys): string {
  return `key-${number % keys}`;
}
