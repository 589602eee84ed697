import type { Headers, Receipt } from "@busbar/core/contract";

/** What a law can say of a message that it publishes; the same on both faces. */
export interface ClientPublishOptions {
  readonly headers?: Headers;
  readonly key?: string;
  readonly id?: string;
  readonly expiresInMs?: number;
  readonly delayMs?: number;
  readonly priority?: number;
  readonly retain?: boolean;
}

/** How a law subscribes; the same on both faces. */
export interface ClientSubscribeOptions {
  readonly group?: string;
  /** @default true with a group, else false */
  readonly durable?: boolean;
  /** @default "new" */
  readonly startFrom?: "new" | "earliest";
  /** The most messages that handlers may be busy with: the credit of a driver, the concurrency of the bus. @default 64 */
  readonly atOnce?: number;
}

/** A message as a law sees it; the same on both faces. */
export interface Received {
  readonly topic: string;
  readonly body: Uint8Array;
  readonly headers: Headers;
  readonly key: string | undefined;
  readonly id: string | undefined;
  readonly timestamp: number | undefined;
  readonly contentType: string | undefined;
}

/** Handles a message for a law. Resolving acknowledges it; rejecting gives it back, to come again. */
export type ReceivedHandler = (received: Received) => void | Promise<void>;

/** A subscription with everything it received, in the order in which it came. */
export interface Inbox {
  /** Every message that was handed out, those included whose handler is still busy. */
  readonly received: readonly Received[];
  /** Lets what is busy end, and leaves a durable subscription where it is. */
  close(): Promise<void>;
}

/** One process on the bus: a driver in one case, a bus over a driver in another. */
export interface Client {
  publish(topic: string, body: Uint8Array, options?: ClientPublishOptions): Promise<Receipt>;
  subscribe(filter: string, options?: ClientSubscribeOptions, handler?: ReceivedHandler): Promise<Inbox>;
  /** Closes every inbox and the connection. Calling it again is harmless. */
  close(): Promise<void>;
}

/** How many messages a law's handlers may be busy with, unless it says otherwise. */
export const usualAtOnce = 64;
