import type { Broker } from "./broker.ts";
import type { Capabilities } from "./capabilities.ts";

/** How to prove who we are. What a driver cannot use it refuses with a `ConfigError`. */
export interface Credentials {
  /** Any text, as it is: not percent-encoded. @default what stands in the URL, else none */
  readonly username?: string;
  /** Any text, as it is: not percent-encoded. It never reaches a log, an error or `health()`. @default what stands in the URL, else none */
  readonly password?: string;
  /** A bearer token, instead of the others, where the protocol has such a thing. As secret as a password. @default none */
  readonly token?: string;
}

/** How the connection is encrypted. Certificates and keys are PEM text; core reads the files that a configuration names. */
export interface TlsOptions {
  /** Certificate authorities to trust instead of the system's, one PEM block after the other. @default the system's */
  readonly ca?: string;
  /** The client's own certificate, with `key`. @default none */
  readonly cert?: string;
  /** The private key of `cert`. @default none */
  readonly key?: string;
  /** What `key` is encrypted with. @default `key` is not encrypted */
  readonly passphrase?: string;
  /** The name that the server's certificate must have. @default the host of the URL */
  readonly servername?: string;
  /** False accepts any certificate: only for a laboratory. @default true */
  readonly rejectUnauthorized?: boolean;
}

/** Who makes the queues, streams and topics: the bus, or somebody else (then it checks that they are there, or just assumes it). */
export type Topology = "create" | "check" | "assume";

/** What every driver is made from. `native` holds what only this kind of broker has. */
export interface AdapterOptions<Native = unknown> {
  /**
   * Where the broker is, with a scheme of the adapter. User and password may stand in it, percent-encoded; `credentials` win. Several servers
   * of one cluster are separated by commas in the host part: `kafka://one:9092,two:9092`. Each port is 1 to 65535, and the protocol's usual one where
   * there is none.
   */
  readonly url: string;
  /** Who we are. Each of its fields goes before what stands in the URL. @default what stands in the URL, else nobody */
  readonly credentials?: Credentials | undefined;
  /** How to check the server and show who we are, where the connection is encrypted. @default encrypted as the URL's scheme says, and trusting the system's authorities */
  readonly tls?: TlsOptions | undefined;
  /** The name of this process as the broker's own tools show it. @default "busbar" */
  readonly clientName?: string | undefined;
  /** The bound on one attempt to connect, in milliseconds, more than 0. @default 10_000 */
  readonly connectTimeoutMs?: number | undefined;
  /** Who makes what the bus needs at the broker. @default "create" */
  readonly topology?: Topology | undefined;
  /** What only this kind of broker has; every field has a default. @default all of those */
  readonly native?: Native | undefined;
}

/**
 * What an adapter's package exports as `adapter`, so that a configuration can name the package and nobody imports it. An
 * option that the adapter does not know is a `ConfigError` that lists every problem, thrown by `create` before any I/O.
 */
export interface Adapter {
  /** Such as `mqtt`. */
  readonly name: string;
  /** The URL schemes that it takes, without the colon. */
  readonly schemes: readonly string[];
  /** The upper bound of what any server of this kind does, known before any I/O. */
  readonly declared: Capabilities;
  /** Makes a broker that is not open yet. Throws a `ConfigError`; does no I/O. */
  create(options: AdapterOptions<Readonly<Record<string, unknown>>>): Broker;
  /** Says which of the topics that one configuration names the broker cannot have beside each other, a sentence each. Absent: it can have any. */
  topicProblems?(topics: readonly string[]): readonly string[];
}
