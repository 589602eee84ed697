import { HandlerMessage } from "../delivery/handler-message.ts";
import { abandonAfterMs } from "../delivery/intake.ts";
import type { ManualHandler, ManualMessage } from "../delivery/message.ts";
import type { SubscribeOptions } from "../delivery/options.ts";
import { Reject, RetryLater } from "../delivery/outcome.ts";
import { pause } from "../driver/backoff.ts";
import { isDuration, longestMs } from "../driver/duration.ts";
import { InvalidArgumentError } from "../errors.ts";
import type { ReceivedMessage } from "./message-stream.ts";

/** How messages are put together into a batch. */
export interface BatchOptions extends Omit<SubscribeOptions, "concurrency" | "settle"> {
  /** The most messages in a batch. @default 100 */
  readonly maxSize?: number;
  /** How long the first message of a batch waits for others, in milliseconds. @default 1_000 */
  readonly maxWaitMs?: number;
}

/**
 * Handles a batch: a real array. Returning acknowledges every message that was not settled by hand, throwing retries (or rejects) those, so that
 * `message.retryLater()` or `message.reject()` on the failing ones, and a return, leaves the others handled.
 */
export type BatchHandler<Payload = unknown> = (batch: readonly ReceivedMessage<Payload>[]) => unknown;

/** Collects messages until there are enough, or the first has waited long enough, and runs one batch at a time. */
export class BatchCollector<Payload> {
  readonly #maxSize: number;
  readonly #maxWaitMs: number;
  readonly #longestRunMs: number;
  readonly #handler: BatchHandler<Payload>;
  #collected: ReceivedMessage<Payload>[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The first that was collected has waited long enough. */
  #due = false;
  #running = false;
  /** Ends the wait for the batch that runs. */
  #stopWaiting: () => void = () => undefined;
  #ended = false;

  /** `handlerTimeoutMs` is what policies and defaults make of it. */
  constructor(
    filter: string,
    { maxSize = 100, maxWaitMs = 1_000 }: BatchOptions,
    handlerTimeoutMs: number,
    handler: BatchHandler<Payload>,
  ) {
    if (!Number.isInteger(maxSize) || maxSize < 1 || maxSize > 10_000)
      throw new InvalidArgumentError(`subscribeBatch("${filter}"): maxSize is a whole number from 1 to 10000.`, {
        topic: filter,
      });
    if (!isDuration(maxWaitMs))
      throw new InvalidArgumentError(
        `subscribeBatch("${filter}"): maxWaitMs is a number of milliseconds from 0 to ${longestMs}.`,
        { topic: filter },
      );
    this.#maxSize = maxSize;
    this.#maxWaitMs = maxWaitMs;
    this.#longestRunMs = Math.min(handlerTimeoutMs + abandonAfterMs, longestMs);
    this.#handler = handler;
  }

  /** Forgets what was collected: the subscription is over, and its broker has it back. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#stopWaiting();
    this.#ended = true;
    this.#collected = [];
  }

  /** As many messages are taken at once as a batch can have. */
  get maxSize(): number {
    return this.#maxSize;
  }

  /** Takes one message; fits `Bus.subscribe` with `settle: "manual"`. */
  readonly take: ManualHandler<Payload> = (payload, message) => {
    this.#collected.push({ payload, message });
    this.#next();
  };

  /** Runs what was collected once that is enough or has waited long enough; while a batch runs it waits for the end of that. */
  #next(): void {
    if (this.#ended) return;
    if (this.#collected.length >= this.#maxSize) this.#collected = this.#collected.filter(isLive);
    const isDue = this.#due || this.#collected.length >= this.#maxSize;
    if (!isDue && this.#collected.length > 0) this.#timer ??= setTimeout(this.#onTime, this.#maxWaitMs);
    if (!isDue || this.#running) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = false;
    const batch = this.#collected.filter(isLive);
    this.#collected = [];
    if (batch.length > 0) void this.#run(batch);
  }

  readonly #onTime = (): void => {
    this.#timer = undefined;
    this.#due = true;
    this.#next();
  };

  async #run(batch: readonly ReceivedMessage<Payload>[]): Promise<void> {
    this.#running = true;
    const over = new AbortController();
    this.#stopWaiting = () => over.abort();
    await Promise.race([this.#handle(batch), pause(this.#longestRunMs, over.signal)]);
    this.#stopWaiting();
    this.#running = false;
    this.#next();
  }

  async #handle(batch: readonly ReceivedMessage<Payload>[]): Promise<void> {
    try {
      await this.#handler(batch);
      for (const { message } of batch) message.ack();
    } catch (error) {
      for (const { message } of batch) settleFailed(message, error);
    }
  }
}

/** Tells whether a message can still be handled: what was aborted while it waited has failed, or is somebody else's by now. */
function isLive({ message }: ReceivedMessage): boolean {
  // Asking for its signal would make one, which costs more than the rest of the message.
  return message instanceof HandlerMessage ? message.abortReason === undefined : !message.signal.aborted;
}

function settleFailed(message: ManualMessage, error: unknown): void {
  if (Reject.is(error)) message.reject(error.message);
  else if (RetryLater.is(error)) message.retryLater(error.delayMs);
  else message.retryLater();
}
