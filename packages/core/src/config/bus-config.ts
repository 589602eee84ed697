import type { Overflow, Logger } from "../bus/settings.ts";
import type {
  Adapter,
  Broker,
  Codec,
  Credentials,
  DeliveryGuarantee,
  InboundRecord,
  Topology,
} from "../contract/index.ts";
import type { PolicyOptions } from "../delivery/options.ts";

/**
 * Everything that can be configured, as an object. A YAML or JSON file has the same keys, except for what only code can
 * give (`codecs`, `logger`, adapters and brokers that are objects, `topicFrom` as a function). Strict: an unknown key
 * is a problem, and all problems are reported at once in one `ConfigError`.
 */
export interface BusConfig {
  /**
   * What this application is called: letters, digits, `_` and `-`. The environment's `BUSBAR_SERVICE` goes before a
   * file. @default "app"
   */
  readonly service?: string | undefined;
  /**
   * The stable name of this replica, such as a StatefulSet's `saver-0`. The environment's `BUSBAR_INSTANCE` goes before
   * a file.
   * @default the host's name, which production refuses where a broker knows members by name
   */
  readonly instance?: string | undefined;
  /** By name, at least one. The first takes what no route names. */
  readonly brokers: Readonly<Record<string, BrokerConfig | Broker | string>>;
  /** Topic patterns to broker names; the first pattern that fits wins. @default everything goes to the first broker */
  readonly routes?: Readonly<Record<string, string>> | undefined;
  /** Topic patterns to subscribe options, for every subscription whose filter lies within; the most specific wins. @default none */
  readonly policies?: Readonly<Record<string, PolicyOptions>> | undefined;
  /** `background`: `connect` does not wait for the brokers. @default "foreground" */
  readonly start?: "foreground" | "background" | undefined;
  /** How long `connect` waits for every broker, in milliseconds, 1 or more. @default 10_000 */
  readonly connectTimeoutMs?: number | undefined;
  /** Beside json, text and bytes, and before them for their content type. Only in code. @default none */
  readonly codecs?: readonly Codec[] | undefined;
  /** Where the bus says what a person should read. Only in code. @default the console's error stream */
  readonly logger?: Logger | undefined;
}

/** A configuration whose brokers may come from somewhere else, such as a container. */
export interface PartialBusConfig extends Omit<BusConfig, "brokers"> {
  /** By name, as in `BusConfig`. @default those that come from somewhere else */
  readonly brokers?: BusConfig["brokers"] | undefined;
}

/** One broker of the configuration. A text in its place is its `url`. */
export interface BrokerConfig {
  /**
   * Where it is. The scheme names the adapter: `mqtt: mqtts: ws: wss: amqp: amqps: kafka: kafkas: nats: natss: redis: rediss:
   * memory:`. Several servers of one cluster are separated by commas: `kafka://one:9092,two:9092`.
   */
  readonly url: string;
  /**
   * A third party's adapter: the name of its package (or its file, beginning with `./`), in code also the adapter
   * itself. @default the one that the URL's scheme names
   */
  readonly adapter?: string | Adapter | undefined;
  /** How to check the server and show who we are. @default encrypted as the URL's scheme says, and trusting the system's authorities */
  readonly tls?: TlsConfig | undefined;
  /** Who we are; each of its fields goes before what stands in the URL. @default what stands in the URL, else nobody */
  readonly credentials?: Credentials | undefined;
  /** Topic patterns to the one native topic that takes them all; the first pattern that fits wins. @default each topic is its own */
  readonly fold?: Readonly<Record<string, string | FoldConfig>> | undefined;
  /** How it is published to. */
  readonly publish?: PublishConfig | undefined;
  /** Who makes queues, streams and topics. @default "create" */
  readonly topology?: Topology | undefined;
  /** The bound on one attempt to connect, in milliseconds, 1 or more. @default the bus's `connectTimeoutMs` */
  readonly connectTimeoutMs?: number | undefined;
  /** What only this kind of broker has; the adapter's page lists it, each with its default. @default all of those */
  readonly native?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * How the connection is encrypted. Certificates and keys are names of files, or PEM text where it stands there itself.
 */
export interface TlsConfig {
  /** Certificate authorities to trust instead of the system's. Relative to the configuration file's folder. @default the system's */
  readonly ca?: string | undefined;
  /** The client's own certificate, with `key`. @default none */
  readonly cert?: string | undefined;
  /** The private key of `cert`. @default none */
  readonly key?: string | undefined;
  /** What `key` is encrypted with, as it is. @default `key` is not encrypted */
  readonly passphrase?: string | undefined;
  /** The name that the server's certificate must have. @default the host of the URL */
  readonly servername?: string | undefined;
  /** False accepts any certificate: only for a laboratory. @default true */
  readonly rejectUnauthorized?: boolean | undefined;
}

/** Where a pattern is folded to, when foreign clients write there as well. */
export interface FoldConfig {
  /** The topic that takes them all. */
  readonly topic: string;
  /**
   * Makes the topic of a foreign message: a template with `{key}` and `{header.<name>}`, whose values are escaped as
   * tokens, or in code a function. Where it makes none, or throws, the message goes to the dead letters.
   * @default none: all of them go to the dead letters
   */
  readonly topicFrom?: string | ((record: InboundRecord) => string | undefined) | undefined;
}

/** How a broker is published to. */
export interface PublishConfig {
  /** The most unconfirmed publishes, 1 to 65,535; fewer where the driver takes fewer. @default 512 */
  readonly maxInFlight?: number | undefined;
  /** What happens to a publish when the window is full. @default "wait" */
  readonly overflow?: Overflow | undefined;
  /** The guarantee of a publish that asks for none. @default "at-least-once" */
  readonly delivery?: DeliveryGuarantee | undefined;
}
