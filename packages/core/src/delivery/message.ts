import type { Headers } from "../contract/index.ts";

/** What a handler gets beside the payload. The same on every broker. */
export interface Message<Params = Readonly<Record<string, string>>> {
  /** Unique to the message, the same over retries, crashes and brokers. A foreign message without one gets one on arrival. */
  readonly id: string;
  /** The concrete topic, also under a wildcard. */
  readonly topic: string;
  /** The values of the filter's `{name}` tokens. */
  readonly params: Params;
  /** The ordering key; `undefined` where it was published without one. */
  readonly key: string | undefined;
  /** The user's own. A fresh object for each attempt: a handler's changes are gone in the next. */
  readonly headers: Headers;
  /** Milliseconds since the epoch: when it was published, or when it arrived where the broker does not say. */
  readonly timestamp: number;
  /** A media type, as it came; empty where a foreign message has none. */
  readonly contentType: string;
  /** Which run of the handler this is, counting from 1. Drains and reconnects use up no attempt. */
  readonly attempt: number;
  /** True when the message was handed out before, here or elsewhere. */
  readonly redelivered: boolean;
  /** The name of the broker it came from. */
  readonly broker: string;
  /** True where the broker sent a kept last value. */
  readonly retained: boolean;
  /** Where whoever sent it expects an answer; `respond` takes care of that. */
  readonly replyTo: string | undefined;
  /** Goes with `replyTo`, and back with the answer. */
  readonly correlationId: string | undefined;
  /** Aborts at `handlerTimeoutMs`, at the drain deadline, or when the broker took the message away. */
  readonly signal: AbortSignal;
  /** What the client library handed over. */
  readonly native: unknown;
}

/** A message of a subscription with `settle: "manual"`. The first settlement counts, later ones do nothing. */
export interface ManualMessage<Params = Readonly<Record<string, string>>> extends Message<Params> {
  /** Handled. */
  ack(): void;
  /** Failed: again by the retry policy, or after `delayMs` milliseconds, 0 or more, without using up an attempt. */
  retryLater(delayMs?: number): void;
  /** To the dead letters, now. */
  reject(reason: string): void;
}

/** Handles one message and settles it by hand, now or later. */
export type ManualHandler<Payload = unknown, Params = Readonly<Record<string, string>>> = (
  payload: Payload,
  message: ManualMessage<Params>,
) => unknown;

/**
 * Handles one message. Returning (or resolving) acknowledges it, throwing retries it by policy, `throw new Reject(reason)`
 * dead-letters it at once, `throw new RetryLater(delayMs)` runs it again then.
 */
export type Handler<Payload = unknown, Params = Readonly<Record<string, string>>> = (
  payload: Payload,
  message: Message<Params>,
) => unknown;
