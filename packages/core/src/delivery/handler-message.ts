import type { Headers } from "../contract/index.ts";
import { describe } from "./describe.ts";
import type { HeldMessage } from "./held-message.ts";
import type { ManualMessage } from "./message.ts";

/** What a handler decided by hand. */
export type ManualOutcome =
  | { readonly type: "ack" }
  | { readonly type: "retry"; readonly delayMs: number | undefined }
  | { readonly type: "reject"; readonly reason: string };

/** One run of a handler: the message as it sees it, and what became of the run. */
export class HandlerMessage implements ManualMessage {
  readonly id: string;
  readonly topic: string;
  readonly key: string | undefined;
  readonly timestamp: number;
  readonly contentType: string;
  readonly attempt: number;
  readonly redelivered: boolean;
  readonly broker: string;
  readonly retained: boolean;
  readonly replyTo: string | undefined;
  readonly correlationId: string | undefined;
  /** When the run began, as `performance.now()` tells it. */
  readonly startedAt: number;
  /** Told why, when the run is aborted: for core itself, since a listener at `signal` costs more than a request. */
  onAbort: ((reason: Error) => void) | undefined = undefined;
  readonly #held: HeldMessage;
  readonly #settled: (message: HandlerMessage) => void;
  #headers: Headers | undefined;
  #params: Readonly<Record<string, string>> | undefined;
  #controller: AbortController | undefined;
  #abortReason: Error | undefined;
  #outcome: ManualOutcome | undefined;

  constructor(held: HeldMessage, startedAt: number, settled: (message: HandlerMessage) => void) {
    const { record } = held.delivery;
    this.id = held.id;
    this.topic = held.topic;
    this.key = record.key;
    this.timestamp = held.timestamp;
    this.contentType = record.contentType ?? "";
    this.attempt = held.failures + 1;
    this.redelivered = held.redelivered;
    this.broker = held.source.broker;
    this.retained = record.retained === true;
    this.replyTo = record.replyTo;
    this.correlationId = record.correlationId;
    this.startedAt = startedAt;
    this.#held = held;
    this.#settled = settled;
  }

  get params(): Readonly<Record<string, string>> {
    return (this.#params ??= this.#held.params());
  }

  get headers(): Headers {
    // A copy for each run, so that what one attempt changes the next does not see.
    return (this.#headers ??= { ...this.#held.delivery.record.headers });
  }

  get native(): unknown {
    return this.#held.delivery.record.native;
  }

  /** Made when somebody asks for it: most handlers do not, and a controller costs more than the rest of the message. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  /** Why the run was aborted, if it was. */
  get abortReason(): Error | undefined {
    return this.#abortReason;
  }

  /** What the handler decided by hand; the first decision counts. */
  get outcome(): ManualOutcome | undefined {
    return this.#outcome;
  }

  abort(reason: Error): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
    this.onAbort?.(reason);
  }

  ack(): void {
    this.#settle({ type: "ack" });
  }

  retryLater(delayMs?: number): void {
    this.#settle({ type: "retry", delayMs: typeof delayMs === "number" ? delayMs : undefined });
  }

  reject(reason: string): void {
    // An error's text is made from it, and not everything can be one.
    this.#settle({ type: "reject", reason: typeof reason === "string" ? reason : describe(reason) });
  }

  #settle(outcome: ManualOutcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#settled(this);
  }
}
