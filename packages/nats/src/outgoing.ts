import type { OutboundRecord, PublishOutcome } from "@busbar/core/contract";
import { ConnectionError, RefusedError } from "@busbar/core/driver";
import { recordToHeaders } from "./from-record.ts";
import type { WireHeaders } from "./header-lines.ts";
import { laterSubject } from "./timing.ts";

/** One publish call between being made and being answered. */
export class Outgoing {
  readonly record: OutboundRecord;
  readonly subject: string;
  /** Where it goes to: elsewhere than `subject` where the stream is to hold it back. */
  readonly destination: string;
  readonly headers: WireHeaders;
  /** Its place among those that were sent and are not answered. */
  place = -1;
  /** Names a request of core NATS in its reply subject; empty before it is sent. */
  token = "";
  /** Its number among all that were sent, as it was sent last. */
  number = 0;
  /** How often JetStream said that no stream takes the subject. */
  homeless = 0;
  /** Of a request, whether anybody is subscribed, as far as the server has said. */
  routed: boolean | undefined;
  #settled = false;
  readonly #outcome: PublishOutcome;
  #unlisten: (() => void) | undefined;

  /** Throws a `RefusedError` for what is larger than the server takes: sent, it would cost the connection. */
  constructor(record: OutboundRecord, subject: string, maxPayload: number | undefined, outcome: PublishOutcome) {
    const headers = recordToHeaders(record);
    const size = headers.byteLength + record.body.byteLength;
    if (maxPayload !== undefined && size > maxPayload) {
      throw new RefusedError(
        `The message to "${record.topic}" has ${size} bytes with its headers, and the server takes at most ${maxPayload}; ` +
          "send less, or raise max_payload at the server.",
        { broker: "nats", topic: record.topic, code: "BUSBAR_TOO_LARGE" },
      );
    }
    this.record = record;
    this.subject = subject;
    this.destination = record.delayMs === undefined ? subject : laterSubject(record, subject);
    this.headers = headers;
    this.#outcome = outcome;
  }

  /** Calls `forget` and rejects with the signal's reason when it aborts before the answer. */
  abortWith(signal: AbortSignal, forget: () => void): void {
    const abort = (): void => {
      forget();
      this.reject(signal.reason as Error);
    };
    signal.addEventListener("abort", abort, { once: true });
    this.#unlisten = () => signal.removeEventListener("abort", abort);
  }

  get settled(): boolean {
    return this.#settled;
  }

  resolve(position?: string): void {
    if (!this.#end()) return;
    const { id } = this.record;
    if (this.routed !== undefined) this.#outcome.confirmed({ id, routed: this.routed });
    else this.#outcome.confirmed(position === undefined ? { id } : { id, position });
  }

  reject(error: Error): void {
    if (this.#end()) this.#outcome.refused(error);
  }

  #end(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#unlisten?.();
    return true;
  }
}

/** The error of a publish that was sent and not answered when the connection was lost. */
export function unknownOutcome({ record }: Outgoing, cause?: Error): ConnectionError {
  return new ConnectionError(
    `It is not known whether the message to "${record.topic}" arrived: ${cause === undefined ? "the server did not answer before the connection was lost" : cause.message}.`,
    {
      broker: "nats",
      topic: record.topic,
      code: "BUSBAR_OUTCOME_UNKNOWN",
      cause,
    },
  );
}
