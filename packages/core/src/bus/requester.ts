import { messageId } from "../delivery/message-id.ts";
import type { Delivery, InboundRecord, OutboundRecord, Receipt, Subscriber } from "../contract/index.ts";
import { onAbort } from "../driver/on-abort.ts";
import type { Sweep, Swept } from "../delivery/sweep.ts";
import { abortable } from "../driver/abortable.ts";
import { CanceledError, ClosedError, NoSubscriberError, TimeoutError } from "../errors.ts";
import type { BrokerLink } from "./broker-link.ts";
import { nativeName } from "./broker-name.ts";
import { graceMs } from "./grace.ts";
import { correlationFor, errorContentType, readError, replyAddress, requestAddress } from "./request-wire.ts";

/** The most answers that may wait to be read. */
const maxInFlight = 4_096;

/** A request that nobody has answered yet. */
interface PendingRequest {
  readonly topic: string;
  /** As `performance.now()` tells it. */
  readonly deadline: number;
  readonly timeoutMs: number;
  readonly resolve: (answer: InboundRecord) => void;
  readonly reject: (error: Error) => void;
}

/** Sends requests to one broker and gives each its own answer: one reply address for the process, told apart by correlation id. */
export class Requester implements Swept {
  readonly #link: BrokerLink;
  readonly #sweep: Sweep;
  readonly #owner: { readonly service: string; readonly member: string };
  readonly #closing = new AbortController();
  readonly #pending = new Map<string, PendingRequest>();
  #replies: Promise<{ readonly address: string; readonly subscriber: Subscriber }> | undefined;

  constructor(link: BrokerLink, sweep: Sweep, owner: { readonly service: string; readonly member: string }) {
    this.#link = link;
    this.#sweep = sweep;
    this.#owner = owner;
  }

  /**
   * Resolves to the answer. Rejects with `RemoteError` when the handler over there failed, with `NoSubscriberError` at once where the broker can
   * tell that nobody responds, with `TimeoutError` after `timeoutMs`, with `CanceledError` when the signal aborts.
   *
   * @param record The request as it would be published to its topic.
   */
  async request(record: OutboundRecord, timeoutMs: number, signal: AbortSignal | undefined): Promise<InboundRecord> {
    const { topic } = record;
    if (signal?.aborted === true) throw this.#canceled(topic, signal);
    if (this.#closing.signal.aborted) throw this.#closed(topic);
    const deadline = performance.now() + timeoutMs;
    const correlationId = correlationFor(Date.now() + timeoutMs);
    // Pending from now on, because listening may wait for a broker that is away.
    return new Promise<InboundRecord>((resolve, reject) => {
      const end = (): void => {
        this.#pending.delete(correlationId);
        unlisten?.();
      };
      const fail = (error: Error): void => {
        end();
        reject(error);
      };
      const unlisten = signal && onAbort(signal, () => fail(this.#canceled(topic, signal)));
      this.#pending.set(correlationId, {
        topic,
        deadline,
        timeoutMs,
        resolve: (answer) => {
          end();
          resolve(answer);
        },
        reject: fail,
      });
      this.#sweep.watch(this);
      this.#listen()
        .then(async ({ address: replyTo }) => {
          if (!this.#pending.has(correlationId)) return;
          const asked = { ...record, replyTo, correlationId };
          const { routed } = await this.#send(asked, deadline - performance.now(), signal);
          if (routed === false) fail(new NoSubscriberError(topic, { broker: this.#link.name, request: true }));
        })
        .catch(fail);
    });
  }

  /** A request that is canceled while it waits for its broker is not sent any more. */
  #send(record: OutboundRecord, leftMs: number, signal: AbortSignal | undefined): Promise<Receipt> {
    const address = requestAddress(record.topic);
    // Where the broker lets messages expire, none is kept there for which nobody waits any more.
    const expiry = this.#link.supports.expiry === "unsupported" ? undefined : { expiresInMs: Math.max(1, leftMs) };
    return this.#link.publishes.send({ ...record, ...expiry, address, topic: address }, leftMs, signal);
  }

  sweep(now: number): boolean {
    for (const { deadline, reject, topic, timeoutMs } of this.#pending.values())
      if (deadline <= now)
        reject(
          new TimeoutError(
            `The request to "${topic}" on broker "${this.#link.name}" was not answered within ${timeoutMs} ms.`,
            {
              broker: this.#link.name,
              topic,
            },
          ),
        );
    return this.#pending.size > 0;
  }

  /** Rejects what is unanswered, and listens no more. */
  async close(): Promise<void> {
    this.#closing.abort(new ClosedError("The bus was closed.", { broker: this.#link.name }));
    for (const { reject, topic } of this.#pending.values()) reject(this.#closed(topic));
    const replies = await this.#replies?.catch(() => undefined);
    await replies?.subscriber.close();
  }

  #listen(): Promise<{ readonly address: string; readonly subscriber: Subscriber }> {
    this.#replies ??= this.#subscribe().catch((error: unknown) => {
      this.#replies = undefined;
      throw error;
    });
    return this.#replies;
  }

  async #subscribe(): Promise<{ readonly address: string; readonly subscriber: Subscriber }> {
    await abortable(this.#link.openInBackground(), this.#closing.signal);
    const { service, member } = this.#owner;
    const process = messageId();
    const address = replyAddress(service, this.#link.supports.replies === "native" ? process.slice(-12) : undefined);
    const subscriber = await this.#link.broker.subscribe(
      {
        filter: address,
        name: nativeName("replies", service, process),
        member,
        durable: false,
        delivery: "at-most-once",
        startFrom: "new",
        maxInFlight,
        graceMs,
      },
      (delivery) => this.#answered(delivery),
    );
    return { address, subscriber };
  }

  #answered(delivery: Delivery): void {
    delivery.settle("ack");
    const { record } = delivery;
    const pending = this.#pending.get(record.correlationId ?? "");
    // An answer that came too late, or to another process of the service.
    if (pending === undefined) return;
    if (record.contentType === errorContentType) pending.reject(readError(record.body, pending.topic, this.#link.name));
    else pending.resolve(record);
  }

  #closed(topic: string): ClosedError {
    return new ClosedError(`The bus was closed before the request to "${topic}" was answered.`, {
      topic,
      broker: this.#link.name,
    });
  }

  #canceled(topic: string, signal: AbortSignal): CanceledError {
    return new CanceledError(`The request to "${topic}" was canceled.`, {
      topic,
      broker: this.#link.name,
      cause: signal.reason,
    });
  }
}
