import type { Delivery } from "../measurement.ts";
import type { Payload } from "../payload.ts";

/** How a client is to talk to its broker. */
export interface Setting {
  readonly url: string;
  readonly delivery: Delivery;
  /** A name of its own for queues, streams, groups and sessions. */
  readonly name: string;
  /** How many handlers may run at the same time. */
  readonly concurrency: number;
  /** How large the body of a message is, about. */
  readonly payloadBytes: number;
}

/** Is given each message once it is decoded; the message is acknowledged after it, or after what it returns. */
export type Handle = (payload: Payload) => void | Promise<void>;

/** Is called once for each publish: when the broker has it, or with what went wrong. Where nobody confirms, when it is written. */
export type Confirmed = (error?: unknown) => void;

/** Somebody who publishes and subscribes, bare or on the bus. All of them put the same on the wire and keep the same guarantee. */
export interface Client {
  /** How many publishes it likes to have unconfirmed. */
  readonly window: number;
  /** Resolves when messages published from now on would be received. What it receives is shared in one group. */
  subscribe(topic: string, handle: Handle): Promise<Reader>;
  /** Subscribes to topics that nobody publishes to, where that is done better together than one by one. Comes before `subscribe`. */
  subscribeIdle?(topics: readonly string[], handle: Handle): Promise<void>;
  publish(topic: string, payload: Payload, key: string | undefined, confirmed: Confirmed): void;
  /** Answers requests with what the handler returns. */
  respond?(topic: string, answer: (payload: Payload) => Payload): Promise<void>;
  /** Makes ready for requests. */
  prepareRequests?(): Promise<void>;
  request?(topic: string, payload: Payload, answered: (error: unknown, answer?: Payload) => void): void;
  /** Ends its connections, and removes what it made at the broker. */
  close(): Promise<void>;
}

/** A subscription. */
export interface Reader {
  /** Receives no more; what is published from now on is kept for whoever subscribes again. */
  stop(): Promise<void>;
}

/** Opens the connections of a client. */
export type OpenClient = (setting: Setting) => Promise<Client>;

/** How many publishes are unconfirmed at most. */
export const publishWindow = 256;

/** How many messages a subscription may have unacknowledged: `maxInFlight` of the bus, prefetch, receive maximum. */
export const credit = 1024;
