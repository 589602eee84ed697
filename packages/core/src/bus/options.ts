import type { DeliveryGuarantee, Headers, Receipt } from "../contract/index.ts";
import type { Topic } from "../topic/typed-topic.ts";

/** What a publish can be asked for, the same on every broker. What a broker cannot do is a typed error, never silence. */
export interface PublishOptions {
  /** The values of the `{name}` tokens of a `topic()`: any text, each of them needed, and none where the topic is a text. @default none */
  readonly params?: Readonly<Record<string, string>>;
  /**
   * Messages of one topic and key are handled in order. 1 to 1024 characters, without a lone surrogate.
   *
   * @default what the `topic()` makes of the payload, else none, which gives the message an order of its own
   */
  readonly key?: string;
  /**
   * Your own headers, one text for each name. Names are 1 to 128 letters, digits or `!#$%&'*+-.^_|~` and a backtick, `content-type` and those that begin with
   * `busbar-` excepted; values have no control characters. @default none
   */
  readonly headers?: Headers;
  /** The id of the message: 1 to 128 printable ASCII characters without spaces. @default a UUIDv7 */
  readonly id?: string;
  /**
   * A media type, which chooses the codec and goes over the wire as it is given. @default `application/octet-stream` for a `Uint8Array`,
   * `application/json` for everything else
   */
  readonly contentType?: string;
  /** The guarantee that the message travels under. @default that of the broker's `publish.delivery`, "at-least-once" unless told otherwise */
  readonly delivery?: DeliveryGuarantee;
  /** Keep it as the last value of its topic. @default false */
  readonly retain?: boolean;
  /** Not worth delivering after this many milliseconds, more than 0. @default never */
  readonly expiresInMs?: number;
  /** Deliver it only after this many milliseconds, more than 0. @default at once */
  readonly delayMs?: number;
  /**
   * Of the messages that wait, those of a higher priority go first: a whole number from 0, the lowest, to 255, or to what the broker is set up to
   * tell apart. @default the broker's own, which is the lowest
   */
  readonly priority?: number;
  /** Rejects when the broker has not confirmed within this many milliseconds, more than 0. @default 30_000 */
  readonly timeoutMs?: number;
  /** Reject with `NoSubscriberError` when the broker says that nobody is subscribed; not together with `delayMs`. @default false */
  readonly requireSubscriber?: boolean;
  /** The name of the broker in the configuration. @default the one that `routes` name for the topic, else the first */
  readonly broker?: string;
  /**
   * Rejects the call with `CanceledError` when it aborts. What was not sent by then is not sent any more; what was may arrive. @default none
   */
  readonly signal?: AbortSignal;
}

/** One message of `publishBatch`. */
export interface BatchEntry extends PublishOptions {
  /** Anything that the codec of its content type can write. */
  readonly payload: unknown;
}

/** What became of one entry of `publishBatch`: a failed one fails alone. */
export type PublishResult =
  | { readonly ok: true; readonly receipt: Receipt }
  | { readonly ok: false; readonly error: Error };

/** What a request can be asked for, as for a publish; `timeoutMs` is how long it waits for the answer. */
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
