/** How far a message is guaranteed to come. */
export type Delivery = "at-least-once" | "at-most-once";

/** What is to be measured, in a process of its own. Travels as JSON. */
export interface Assignment {
  /** What is done with the client. */
  readonly workload: string;
  /** The protocol; `memory` where there is no broker. */
  readonly on: string;
  readonly url: string;
  /** Who talks to the broker: `expert`, `quick-start`, `bus` or one of the peers. */
  readonly client: string;
  readonly delivery: Delivery;
  /** Unlike that of every other measurement, so that nothing meets what another one left. Begins with a letter. */
  readonly name: string;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly payloadBytes: number;
  /** Over how many keys the messages are spread; 0 for none. */
  readonly keys: number;
  /** How many handlers may run at the same time; 0 for handlers that are done when they return. */
  readonly concurrency: number;
  /** How many subscriptions there are, on disjoint topics; one of them gets the messages. */
  readonly subscriptions: number;
  /** How many messages are published in a second, where that is fixed. */
  readonly rate: number;
}

/** Somebody who measures what was assigned. */
export interface Measuring {
  /** Resolves to what was found this time. Rejects when a message got lost or was refused, and when it took too long. */
  measure(): Promise<Sample>;
  /** Closes what was opened and removes what was made. Rejects when that failed. */
  end(): Promise<void>;
}

/** What one measurement found. What was not measured is absent. */
export interface Sample {
  /** Messages that were measured: each was confirmed, where there are confirms, and handled exactly once. */
  readonly messages: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Of the process with the client, in microseconds for each message. */
  readonly cpuMicros: number;
  /** What was allocated on the heap, in bytes for each message. */
  readonly allocatedBytes: number;
  /** How many came a second time, which at-least-once allows. */
  readonly duplicates: number;
  /** From the call of publish to the call of the handler. */
  readonly latency?: Latency;
  /** How late the event loop was, in milliseconds. */
  readonly loopDelay?: { readonly p50: number; readonly p99: number; readonly max: number };
  /** What else a workload found, by name. */
  readonly extra?: Readonly<Record<string, number>>;
}

/** Latencies in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}
