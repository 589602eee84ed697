import type { Broker, Codec, DeliveryGuarantee, InboundRecord } from "../contract/index.ts";
import type { PolicyOptions } from "../delivery/options.ts";
import type { ParsedFilter } from "../topic/grammar.ts";

/** What happens to a publish when the window of unconfirmed ones is full. */
export type Overflow = "wait" | "reject" | "drop-oldest" | "drop-newest";

/** Where the bus says what a person should read. */
export interface Logger {
  /** What is good to know. */
  info(message: string): void;
  /** What is weaker than it looks, or went wrong and may come right. */
  warn(message: string): void;
  /** What will not come right by itself. */
  error(message: string): void;
}

/** Everything a bus is made of, with every default filled in: what a configuration comes down to. */
export interface BusSettings {
  /** What this application is called: letters, digits, `_` and `-`. */
  readonly service: string;
  /** The stable name of this replica. */
  readonly instance: string;
  /** True where somebody named the instance; false where it was made from the host's name. */
  readonly instanceGiven: boolean;
  /** With `NODE_ENV=production` guesses become errors. */
  readonly production: boolean;
  /** At least one; the first takes what no route names. */
  readonly brokers: readonly BrokerSettings[];
  /** The first whose pattern covers a topic or filter wins. */
  readonly routes: readonly Route[];
  /** For every subscription whose filter the pattern covers; the most specific goes over the others. */
  readonly policies: readonly Policy[];
  /** Beside json, text and bytes. */
  readonly codecs: readonly Codec[];
  /** `background`: opening does not wait for the brokers. */
  readonly start: "foreground" | "background";
  /** How long opening waits for every broker, in milliseconds, more than 0. */
  readonly connectTimeoutMs: number;
  readonly logger: Logger;
}

/** One broker of the bus. */
export interface BrokerSettings {
  readonly name: string;
  /** Makes the driver; loads its package first where it is named in a configuration. Does no I/O with the broker. */
  load(): Promise<Broker>;
  readonly folds: readonly Fold[];
  readonly publish: PublishSettings;
}

/** How a broker is published to. */
export interface PublishSettings {
  /** The most unconfirmed publishes, 1 to 65,535; fewer where the driver takes fewer. @default 512 */
  readonly maxInFlight: number;
  /** What happens to a publish when the window is full. @default "wait" */
  readonly overflow: Overflow;
  /** The guarantee of a publish that asks for none. @default "at-least-once" */
  readonly delivery?: DeliveryGuarantee | undefined;
}

/** Sends every topic under a pattern to one native topic. */
export interface Fold {
  readonly pattern: ParsedFilter;
  /** The topic that takes them all. */
  readonly target: string;
  /** Makes the topic of a foreign record that does not carry one; `undefined` when it cannot. Never throws. */
  readonly topicFrom?: ((record: InboundRecord) => string | undefined) | undefined;
}

/** Sends topics under a pattern to a broker. */
export interface Route {
  readonly pattern: ParsedFilter;
  readonly broker: string;
}

/** Subscribe options for every subscription whose filter the pattern covers. */
export interface Policy {
  readonly pattern: ParsedFilter;
  readonly options: PolicyOptions;
}
