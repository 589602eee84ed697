import { InvalidArgumentError } from "../errors.ts";
import type { HeldMessage } from "./held-message.ts";
import type { RetryLater } from "./outcome.ts";

/**
 * What comes of a `RetryLater` that is too late, or before now: a failure of the handler. Waiting less would be another thing than what was asked for,
 * and waiting longer would cost the message its connection.
 *
 * @param longestMs How long the broker lets a message be held.
 */
export function cannotWait(held: HeldMessage, { delayMs }: RetryLater, longestMs: number): InvalidArgumentError {
  const { topic, id } = held;
  const bound = Number.isFinite(longestMs) ? boundOf(held, longestMs) : "0 or more";
  return new InvalidArgumentError(
    `The handler of ${topic} ${id} asked for another run in ${delayMs} ms; that has to be ${bound}. It counts as a failure.`,
    { topic },
  );
}

function boundOf({ lane, delivery }: HeldMessage, longestMs: number): string {
  const { longestDelayMs = 0 } = delivery;
  if (longestDelayMs <= longestMs) return `from 0 to ${longestMs}, which is how long the broker lets a message be held`;
  if (lane === undefined) return `from 0 to ${longestDelayMs}, which is how long the broker holds a message itself`;
  return `from 0 to ${longestMs}, which is how long the broker lets a message be held that keeps its place in the order of its key (longer with order: "none", or without a key)`;
}
