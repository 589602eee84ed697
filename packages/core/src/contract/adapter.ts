import type { Broker } from "./broker.ts";
import type { Capabilities } from "./capabilities.ts";

/** How to prove who we are. What a driver cannot use it refuses with a `ConfigError`. */
export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  /** A bearer token, where the protocol has such a thing. */
  readonly token?: string;
}

/** How the connection is encrypted. Certificates and keys are PEM text; core reads the files that a configuration names. */
export interface TlsOptions {
  /** Certificate authorities to trust instead of the system's. */
  readonly ca?: string;
  /** The client's own certificate, with `key`. */
  readonly cert?: string;
  readonly key?: string;
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
   * Where the broker is, with a scheme of the adapter. User and password may stand in it; `credentials` win. Several servers
   * of one cluster are separated by commas in the host part: `kafka://one:9092,two:9092`.
   */
  readonly url: string;
  readonly credentials?: Credentials | undefined;
  readonly tls?: TlsOptions | undefined;
  /** The name of this process as the broker's own tools show it. @default "busbar" */
  readonly clientName?: string | undefined;
  /** The bound on one attempt to connect, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number | undefined;
  /** @default "create" */
  readonly topology?: Topology | undefined;
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
  readonly declared: Capabilities;
  create(options: AdapterOptions<Readonly<Record<string, unknown>>>): Broker;
  /** Says which of the topics that one configuration names the broker cannot have beside each other, a sentence each. Absent: it can have any. */
  topicProblems?(topics: readonly string[]): readonly string[];
}
