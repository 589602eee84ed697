import type { DeliveryGuarantee, Headers, Receipt } from "../contract/index.ts";
import type { Topic } from "../topic/typed-topic.ts";

/** What a publish can be asked for, the same on every broker. What a broker cannot do is a typed error, never silence. */
export interface PublishOptions {
  /** The values of the `{name}` tokens of a `topic()`. */
  readonly params?: Readonly<Record<string, string>>;
  /** Messages of one topic and key are handled in order. */
  readonly key?: string;
  readonly headers?: Headers;
  /** @default a UUIDv7 */
  readonly id?: string;
  /** @default json for values, text for strings when asked for, bytes for `Uint8Array` */
  readonly contentType?: string;
  /** @default that of the broker's `publish.delivery`, "at-least-once" unless told otherwise */
  readonly delivery?: DeliveryGuarantee;
  /** Keep it as the last value of its topic. */
  readonly retain?: boolean;
  /** Not worth delivering after this many milliseconds. */
  readonly expiresInMs?: number;
  /** Deliver it only after this many milliseconds. */
  readonly delayMs?: number;
  readonly priority?: number;
  /** Rejects when the broker has not confirmed within this many milliseconds. @default 30_000 */
  readonly timeoutMs?: number;
  /** Reject when the broker says that nobody is subscribed. */
  readonly requireSubscriber?: boolean;
  /** The name of the broker in the configuration, instead of what `routes` say. */
  readonly broker?: string;
  readonly signal?: AbortSignal;
}

/** One message of `publishBatch`. */
export interface BatchEntry extends PublishOptions {
  readonly payload: unknown;
}

/** What became of one entry of `publishBatch`: a failed one fails alone. */
export type PublishResult =
  | { readonly ok: true; readonly receipt: Receipt }
  | { readonly ok: false; readonly error: Error };

/** What a request can be asked for. */
export type RequestOptions = Pick<
  PublishOptions,
  "key" | "headers" | "contentType" | "timeoutMs" | "broker" | "signal"
>;

/** The publish-only face of the bus, for a data layer that should not be able to subscribe. */
export interface Publisher {
  publish<Payload, Params>(
    topic: Topic<Payload, Params>,
    payload: Payload,
    options?: PublishOptions & { readonly params?: Params },
  ): Promise<Receipt>;
  publish(topic: string, payload: unknown, options?: PublishOptions): Promise<Receipt>;
}
