import type { AdapterOptions, TlsOptions, Topology } from "@busbar/core/contract";
import {
  ConfigError,
  isDuration,
  isPositiveDuration,
  mustBePositiveDuration,
  readHosts,
  readUser,
  unknownOptionProblems,
} from "@busbar/core/driver";

/** What only Redis has. */
export interface RedisNativeOptions {
  /**
   * What every key of this bus begins with: the topic `a.b` is the stream `busbar:a.b`.
   *
   * @default "busbar:"
   */
  readonly prefix?: string | undefined;
  /**
   * How many messages a topic keeps at least; the oldest ones go, whether they were handled or not (`XADD … MAXLEN ~`). 0 keeps all of
   * them until memory is full.
   *
   * @default 1_000_000
   */
  readonly maxLength?: number | undefined;
  /**
   * After how long without a sign of life a member's unsettled messages go to others, in milliseconds, from 1,000 to one hour. A living member
   * extends it by itself.
   *
   * @default 30_000
   */
  readonly leaseMs?: number | undefined;
  /**
   * How often a connection is asked for a sign of life, in milliseconds; without one for twice as long it is taken for dead.
   *
   * @default 5_000
   */
  readonly heartbeatMs?: number | undefined;
}

/** What `redis()` is made from. */
export type RedisOptions = AdapterOptions<RedisNativeOptions>;

/** The options, checked, with every default filled in. */
export interface RedisSettings {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Absent for a connection that is not encrypted. */
  readonly tls: TlsOptions | undefined;
  readonly clientName: string;
  readonly connectTimeoutMs: number;
  readonly topology: Topology;
  readonly prefix: string;
  readonly maxLength: number;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
}

const knownNative = ["prefix", "maxLength", "leaseMs", "heartbeatMs"];
const topologies: readonly Topology[] = ["create", "check", "assume"];
const maxLeaseMs = 3_600_000;

/**
 * Checks the options and fills in the defaults. Throws one `ConfigError` with every problem, none of which quotes a password
 * or the URL. The options are not changed.
 */
export function redisSettings(
  options: AdapterOptions<Readonly<Record<string, unknown>> | RedisNativeOptions>,
): RedisSettings {
  const native = (options.native ?? {}) as RedisNativeOptions;
  const { credentials = {}, tls, clientName = "busbar", connectTimeoutMs = 10_000, topology = "create" } = options;
  const { prefix = "busbar:", maxLength = 1_000_000, leaseMs = 30_000, heartbeatMs = 5_000 } = native;
  const address = parseUrl(options.url);
  const problems = unknownOptionProblems(options, knownNative);
  const must = (holds: boolean, problem: string): void => void (holds || problems.push(problem));
  if (typeof address === "string") problems.push(address);
  must(
    credentials.token === undefined,
    "credentials.token: Redis takes a token as the password; set credentials.password to it",
  );
  must(
    typeof address === "string" || tls === undefined || address.secure,
    "tls: the URL begins with redis:, which is not encrypted; begin it with rediss:",
  );
  // A blank would end the name in the server's own list of clients, which refuses it.
  must(
    typeof clientName === "string" && /^[!-~]+$/.test(clientName),
    "clientName: must be visible ASCII without blanks, at least one character",
  );
  must(isPositiveDuration(connectTimeoutMs), `connectTimeoutMs: ${mustBePositiveDuration}`);
  must(topologies.includes(topology), 'topology: must be "create", "check" or "assume"');
  must(typeof prefix === "string" && prefix !== "", "native.prefix: must be a text that is not empty");
  must(
    Number.isSafeInteger(maxLength) && maxLength >= 0,
    "native.maxLength: must be a whole number of messages, or 0 to keep all",
  );
  must(
    isDuration(leaseMs, 1000) && leaseMs <= maxLeaseMs,
    "native.leaseMs: must be a number of milliseconds from 1000 to 3600000",
  );
  must(isPositiveDuration(heartbeatMs), `native.heartbeatMs: ${mustBePositiveDuration}`);
  if (problems.length > 0 || typeof address === "string") throw new ConfigError(problems, { broker: "redis" });
  return {
    host: address.host,
    port: address.port,
    database: address.database,
    username: credentials.username ?? address.username,
    password: credentials.password ?? address.password,
    tls: address.secure ? (tls ?? {}) : undefined,
    clientName,
    connectTimeoutMs,
    topology,
    prefix,
    maxLength,
    leaseMs: Math.ceil(leaseMs),
    heartbeatMs,
  };
}

interface Address {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const urlShape = /^(rediss?):\/\/(?:([^/?#]*)@)?([^/?#@]+)(?:\/(\d{0,6}))?$/;

/** Takes the URL apart by hand, since `URL` quotes the whole input, password included, in its error. Returns the problem as text. */
function parseUrl(url: unknown): Address | string {
  const shape = "url: must look like redis://user:password@host:6379/0, with one host";
  const parts = typeof url === "string" ? urlShape.exec(url) : null;
  if (parts === null) return shape;
  const [, protocol, user, host = "", database = ""] = parts;
  const [only, ...others] = readHosts(host, 6379) ?? [];
  if (only === undefined || others.length > 0) return shape;
  try {
    const { username, password } = readUser(user);
    return {
      secure: protocol === "rediss",
      host: only.hostname,
      port: only.port,
      database: Number(database),
      username: username === "" ? undefined : username,
      password,
    };
  } catch {
    return "url: user or password has a % that is not followed by two hex digits; write % as %25";
  }
}
