import { isIP } from "node:net";
import type { AdapterOptions, Credentials, TlsOptions, Topology } from "@busbar/core/contract";
import {
  ConfigError,
  isDuration,
  isPositiveDuration,
  longestMs,
  mustBePositiveDuration,
  readHosts,
  readUser,
  unknownOptionProblems,
} from "@busbar/core/driver";
import type { UrlUser } from "@busbar/core/driver";
import { identityProblems } from "./identity.ts";
import type { Identity } from "./identity.ts";

/** Until when a stream keeps a message. */
export type Retention = "limits" | "interest" | "workqueue";

/** What only NATS has. */
export interface NatsNativeOptions {
  /**
   * Names of streams of somebody else's that are to be used as they are, also where they take only some of the topics under
   * a first token; no stream is made beside them.
   *
   * @default none
   */
  readonly streams?: readonly string[] | undefined;
  /**
   * The most that each stream made by the bus may hold, in bytes. A full stream refuses publishes with a `CapacityError`.
   *
   * @default as much as the account allows
   */
  readonly maxBytes?: number | undefined;
  /**
   * How long a stream made by the bus keeps a message, in milliseconds.
   *
   * @default 604_800_000, seven days
   */
  readonly maxAgeMs?: number | undefined;
  /**
   * Until when a stream made by the bus keeps a message, beside `maxAgeMs`: for everybody (`"limits"`), until every subscription that there is has handled it
   * (`"interest"`), or until the only one that there may be has (`"workqueue"`).
   *
   * @default "limits"
   */
  readonly retention?: Retention | undefined;
  /**
   * Whether of several messages with one id and one topic the first alone is kept, for the two minutes of the stream's `duplicate_window`.
   *
   * @default false
   */
  readonly dedupeById?: boolean | undefined;
  /**
   * On how many servers of a cluster a stream made by the bus is kept.
   *
   * @default 1
   */
  readonly replicas?: number | undefined;
  /**
   * After how long the server takes a delivery back from a process that fell silent, or that lost its connection before the
   * delivery had arrived, in milliseconds. While the process lives, it extends this by itself.
   *
   * @default 10_000
   */
  readonly ackWaitMs?: number | undefined;
  /**
   * How often the server is asked for a sign of life, in milliseconds; a connection is taken for dead within three times as long.
   *
   * @default 3_000
   */
  readonly pingIntervalMs?: number | undefined;
  /**
   * The seed of a user's nkey (`SU…`), with which this process proves who it is instead of a password.
   *
   * @default none
   */
  readonly nkeySeed?: string | undefined;
  /**
   * The text of a credentials file (`.creds`: a user's JWT and seed), for servers with operators and accounts.
   *
   * @default none
   */
  readonly creds?: string | undefined;
  /**
   * The path of a credentials file, which is read again for each connection, so that another one may be put in its place.
   *
   * @default none
   */
  readonly credsFile?: string | undefined;
  /**
   * The JetStream domain, where a leaf node is to use the streams of its hub.
   *
   * @default the server's own
   */
  readonly domain?: string | undefined;
  /**
   * What the subjects of replies begin with, where permissions allow only some.
   *
   * @default "_INBOX"
   */
  readonly inboxPrefix?: string | undefined;
}

/** What `nats()` is made from. */
export type NatsOptions = AdapterOptions<NatsNativeOptions>;

/** The options, checked, with every default filled in. */
export interface NatsSettings {
  /** `host:port` of each server, without credentials. */
  readonly servers: readonly string[];
  readonly credentials: Credentials;
  /** Who this process is, where that is proved by a key. At most one of them is there. */
  readonly identity: Identity;
  /** Absent where the connection need not be encrypted. */
  readonly tls?: TlsOptions & { readonly host?: string };
  readonly clientName: string;
  readonly connectTimeoutMs: number;
  readonly topology: Topology;
  readonly adopted: readonly string[];
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly replicas: number;
  readonly retention: Retention;
  readonly dedupeById: boolean;
  readonly ackWaitMs: number;
  readonly pingIntervalMs: number;
  readonly domain: string | undefined;
  readonly inboxPrefix: string;
}

const knownNative = [
  "streams",
  "maxBytes",
  "maxAgeMs",
  "replicas",
  "retention",
  "dedupeById",
  "ackWaitMs",
  "pingIntervalMs",
  "domain",
  "inboxPrefix",
  "nkeySeed",
  "creds",
  "credsFile",
];
const retentions: readonly Retention[] = ["limits", "interest", "workqueue"];
const topologies: readonly Topology[] = ["create", "check", "assume"];
const subjectShape = /^[^\s.*>]+(?:\.[^\s.*>]+)*$/;

/**
 * Checks the options and fills in the defaults. Throws one `ConfigError` with every problem, none of which quotes a secret.
 * The options are not changed.
 */
export function natsSettings(
  options: AdapterOptions<NatsNativeOptions | Readonly<Record<string, unknown>>>,
): NatsSettings {
  const native = (options.native ?? {}) as NatsNativeOptions;
  const { credentials = {}, tls, clientName = "busbar", connectTimeoutMs = 10_000, topology = "create" } = options;
  const {
    streams = [],
    maxBytes = -1,
    maxAgeMs = 604_800_000,
    replicas = 1,
    retention = "limits",
    dedupeById = false,
  } = native;
  const { ackWaitMs = 10_000, pingIntervalMs = 3_000, domain, inboxPrefix = "_INBOX" } = native;
  const { nkeySeed, creds, credsFile } = native;
  const address = parseUrl(options.url);
  const problems = unknownOptionProblems(options, knownNative);
  const must = (holds: boolean, problem: string): void => void (holds || problems.push(problem));
  if (typeof address === "string") problems.push(address);
  must(
    credentials.token === undefined || (credentials.username === undefined && credentials.password === undefined),
    "credentials: give a token, or a username and a password, not both",
  );
  must(
    credentials.password === undefined || credentials.username !== undefined,
    "credentials: a password needs a username",
  );
  must(isText(clientName), "clientName: must be a text that is not empty");
  must(isPositiveDuration(connectTimeoutMs), `connectTimeoutMs: ${mustBePositiveDuration}`);
  must(topologies.includes(topology), 'topology: must be "create", "check" or "assume"');
  must(Array.isArray(streams) && streams.every(isText), "native.streams: must be a list of names of streams");
  must(maxBytes === -1 || isAbove(maxBytes, 0), "native.maxBytes: must be a number of bytes above 0");
  must(isAbove(maxAgeMs, 0), "native.maxAgeMs: must be a number of milliseconds above 0");
  must(
    Number.isInteger(replicas) && replicas >= 1 && replicas <= 5,
    "native.replicas: must be a whole number from 1 to 5",
  );
  must(retentions.includes(retention), 'native.retention: must be "limits", "interest" or "workqueue"');
  must(typeof dedupeById === "boolean", "native.dedupeById: must be true or false");
  must(isAbove(ackWaitMs, 999), "native.ackWaitMs: must be a number of milliseconds, at least 1,000");
  must(
    isDuration(pingIntervalMs, 100),
    `native.pingIntervalMs: must be a number of milliseconds, at least 100, up to ${longestMs}`,
  );
  must(
    domain === undefined || (isText(domain) && subjectShape.test(domain)),
    "native.domain: must be the name of a JetStream domain",
  );
  must(
    isText(inboxPrefix) && subjectShape.test(inboxPrefix),
    "native.inboxPrefix: must be a subject without wildcards",
  );
  problems.push(...identityProblems({ nkeySeed, creds, credsFile }));
  const given =
    Object.keys(credentials).length > 0 ? { ...credentials } : typeof address === "string" ? {} : address.credentials;
  must(
    Object.keys(given).length === 0 || [nkeySeed, creds, credsFile].every((one) => one === undefined),
    "credentials: give these or native.nkeySeed, native.creds or native.credsFile, not both",
  );
  if (problems.length > 0 || typeof address === "string") throw new ConfigError(problems, { broker: "nats" });
  const { servers, encrypted } = address;
  return {
    servers,
    credentials: given,
    identity: { nkeySeed, creds, credsFile },
    ...(encrypted || tls !== undefined ? { tls: { ...hostToVerify(servers), ...tls } } : {}),
    clientName,
    connectTimeoutMs,
    topology,
    adopted: [...streams],
    maxBytes,
    maxAgeMs,
    replicas,
    retention,
    dedupeById,
    ackWaitMs,
    pingIntervalMs,
    domain,
    inboxPrefix,
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isAbove(value: unknown, bound: number): boolean {
  return typeof value === "number" && Number.isFinite(value) && value > bound;
}

/** Without a name to send, Node.js would check a certificate against "localhost" where the server is an IP address. */
function hostToVerify(servers: readonly string[]): { host?: string } {
  const host = hostOf(servers[0] ?? "");
  return servers.length === 1 && isIP(host) !== 0 ? { host } : {};
}

/** The name or address of a server, without its port. */
export function hostOf(server: string): string {
  return new URL(`tcp://${server}`).hostname.replace(/^\[|\]$/g, "");
}

interface Address {
  readonly servers: readonly string[];
  readonly encrypted: boolean;
  readonly credentials: Credentials;
}

/** Takes a URL of several hosts apart, which `URL` cannot; returns a problem that does not quote it. */
function parseUrl(url: unknown): Address | string {
  const match = typeof url === "string" ? /^(natss?):\/\/(?:([^/]*)@)?([^/@?#]+)\/?$/.exec(url) : null;
  const [, scheme, userInfo = "", hosts = ""] = match ?? [];
  const servers = readHosts(hosts, 4222)?.map(({ host, port }) => `${host}:${port}`);
  if (servers === undefined) {
    return "url: must be nats://host:port or natss://host:port, several servers separated by commas, and nothing after them";
  }
  try {
    return {
      servers,
      encrypted: scheme === "natss",
      credentials: credentialsOf(readUser(userInfo)),
    };
  } catch {
    return "url: the user or the password in it is not percent-encoded rightly";
  }
}

/** A name without a password is a token, as everywhere with NATS. */
function credentialsOf({ username, password }: UrlUser): Credentials {
  if (username === undefined) return {};
  return password === undefined ? { token: username } : { username, password };
}
