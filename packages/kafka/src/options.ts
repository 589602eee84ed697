import type { AdapterOptions, TlsOptions, Topology } from "@busbar/core/contract";
import {
  ConfigError,
  isDuration,
  isPositiveDuration,
  longestMs,
  readHosts,
  readUser,
  unknownOptionProblems,
} from "@busbar/core/driver";
import type { Compression } from "./compression.ts";
import { askForToken } from "./oauth-bearer.ts";
import { tokenEndpoint } from "./token-endpoint.ts";
import { patternProblem } from "./tombstones.ts";

/** How this process proves who it is (SASL). */
export type SaslMechanism = "plain" | "scram-sha-256" | "scram-sha-512";

/** The library that speaks to Kafka: the one that comes along, or `@platformatic/kafka`, which is installed beside the adapter. */
export type KafkaClientName = "kafkajs" | "platformatic";

/** What only Kafka has. All durations are in milliseconds. */
export interface KafkaNative {
  /** Which library speaks to Kafka. `"platformatic"` needs the package `@platformatic/kafka` and Kafka 3.0 or newer. @default "kafkajs" */
  readonly client?: KafkaClientName;
  /** How a password is checked. A `token` in the credentials is sent as OAUTHBEARER. @default "plain" */
  readonly saslMechanism?: SaslMechanism;
  /**
   * Gives a token for OAUTHBEARER, in code only. It is asked whenever a connection is made and before a token ends, so that it should
   * keep a token while it is good. A failure of it may pass: it is asked again. @default the `token` in the credentials
   */
  readonly oauthToken?: () => string | Promise<string>;
  /**
   * Where an OAuth 2 server gives tokens for OAUTHBEARER, by client credentials: the user name and password in the credentials are the client's
   * id and secret. A token is asked for anew before it ends. @default none
   */
  readonly tokenUrl?: string;
  /** The scope that is asked for there. @default none */
  readonly tokenScope?: string;
  /** How many partitions a topic that the bus makes has: the most members of a group that can work at once. @default 6 */
  readonly partitions?: number;
  /** On how many brokers a topic that the bus makes is kept; -1 as the broker is set up. @default -1 */
  readonly replicationFactor?: number;
  /** Settings of a topic that the bus makes, such as `{ "retention.ms": "604800000" }`. @default none */
  readonly topicConfig?: Readonly<Record<string, string>>;
  /**
   * How what is published is compressed. `"snappy"` and `"lz4"` need the package `@platformatic/wasm-utils`, `"zstd"` Node 22.15 or the package
   * `@hpcc-js/wasm-zstd`. What others compressed is read in any way. @default "none"
   */
  readonly compression?: Compression;
  /**
   * The name under which this process writes transactions (`KafkaBroker.transaction`): its own and the same over restarts, such as `orders-0`. Who comes
   * later under the same one ends the former. @default none
   */
  readonly transactionalId?: string;
  /**
   * Number what is published, so that Kafka keeps once what has to be sent again because nobody knew whether it was written. @default false
   */
  readonly idempotent?: boolean;
  /**
   * Patterns of bus topics on which an empty message is a tombstone: a record without a value, after which a compacted topic forgets the key.
   * Elsewhere an empty message is one like any other. @default none
   */
  readonly tombstones?: readonly string[];
  /** After this long without a sign of life a member is dead and its partitions go to others. @default 30_000 */
  readonly sessionTimeoutMs?: number;
  /** How long a group waits for its members to join again. @default 60_000 */
  readonly rebalanceTimeoutMs?: number;
  /** How often a member gives a sign of life, and so how soon it learns of a rebalance. @default 1_000 */
  readonly heartbeatIntervalMs?: number;
  /** How long a rebalance is held up for handlers that still run, so that their messages are not handled twice. @default 10_000, at most rebalanceTimeoutMs - 5_000 */
  readonly revokeWaitMs?: number;
  /** How long the broker holds an empty fetch. Stopping takes about as long. @default 200 */
  readonly fetchWaitMs?: number;
  /** The most bytes that one fetch brings of one partition. @default 1_048_576 */
  readonly maxBytesPerPartition?: number;
  /** How often a wildcard looks for new topics. @default 5_000 */
  readonly topicPollMs?: number;
  /** The least time between two commits of one subscription. @default 100 */
  readonly commitIntervalMs?: number;
  /** How long one request may take before the connection counts as lost. @default 10_000 */
  readonly requestTimeoutMs?: number;
}

/** What `kafka()` is made from: the URL, and what every adapter takes. */
export type KafkaOptions = AdapterOptions<KafkaNative>;

/** Checked options, every default filled in. */
export interface KafkaSettings {
  /** `host:port` of each broker to begin with. */
  readonly brokers: readonly string[];
  readonly tls: TlsOptions | undefined;
  readonly secure: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Gives a token for OAUTHBEARER. */
  readonly token: (() => Promise<string>) | undefined;
  readonly clientName: string;
  readonly connectTimeoutMs: number;
  readonly topology: Topology;
  readonly native: NativeSettings;
}

/** `native` with its defaults; where the token comes from is said beside it. */
export type NativeSettings = Required<Omit<KafkaNative, TokenOption | "transactionalId">> &
  Pick<KafkaNative, "transactionalId">;

type TokenOption = "oauthToken" | "tokenUrl" | "tokenScope";

const tokenOptions: readonly string[] = ["oauthToken", "tokenUrl", "tokenScope"] satisfies readonly TokenOption[];

const mechanisms: readonly string[] = ["plain", "scram-sha-256", "scram-sha-512"];

const clients: readonly string[] = ["kafkajs", "platformatic"];

const compressions: readonly string[] = ["none", "gzip", "snappy", "lz4", "zstd"];

const nativeDefaults: NativeSettings = {
  client: "kafkajs",
  saslMechanism: "plain",
  partitions: 6,
  replicationFactor: -1,
  topicConfig: {},
  compression: "none",
  idempotent: false,
  tombstones: [],
  sessionTimeoutMs: 30_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatIntervalMs: 1_000,
  revokeWaitMs: 10_000,
  fetchWaitMs: 200,
  maxBytesPerPartition: 1_048_576,
  topicPollMs: 5_000,
  commitIntervalMs: 100,
  requestTimeoutMs: 10_000,
};

const atLeast: Readonly<Record<string, number>> = {
  partitions: 1,
  replicationFactor: -1,
  sessionTimeoutMs: 1,
  rebalanceTimeoutMs: 1,
  heartbeatIntervalMs: 1,
  revokeWaitMs: 0,
  fetchWaitMs: 1,
  maxBytesPerPartition: 1,
  topicPollMs: 1,
  commitIntervalMs: 0,
  requestTimeoutMs: 1,
};

/** Checks the options and fills in the defaults, or throws a `ConfigError` that lists every problem. Changes nothing of what it is given. */
export function checkOptions(options: KafkaOptions): KafkaSettings {
  const problems = unknownOptionProblems(options, [...Object.keys(nativeDefaults), ...tokenOptions, "transactionalId"]);
  const place = parseUrl(options.url, problems);
  const native = checkNative(options.native ?? {}, problems);
  if (options.tls !== undefined) {
    if (!place.secure) problems.push("tls: the URL begins with kafka:, which is not encrypted; write kafkas:");
  }
  const { username = place.username, password = place.password, token } = options.credentials ?? {};
  const { oauthToken, tokenUrl, tokenScope } = options.native ?? {};
  if (oauthToken !== undefined && typeof oauthToken !== "function")
    problems.push("native.oauthToken: must be a function that gives a token; a fixed one is credentials.token");
  if ([username, token, oauthToken].filter((way) => way !== undefined).length > 1)
    problems.push("credentials: a password, a token and native.oauthToken are three ways to log in; give one");
  if (tokenUrl !== undefined && !isWebAddress(tokenUrl))
    problems.push("native.tokenUrl: must be an address with http: or https:, without user and password");
  if (tokenUrl !== undefined && (username === undefined || password === undefined))
    problems.push("native.tokenUrl: needs the client's id and secret as user name and password in the credentials");
  if (tokenScope !== undefined && (typeof tokenScope !== "string" || tokenUrl === undefined))
    problems.push("native.tokenScope: must be text, and goes with native.tokenUrl");
  if ((username === undefined) !== (password === undefined)) {
    problems.push("credentials: a user name and a password go together; give both or neither");
  }
  const { connectTimeoutMs = 10_000, topology = "create" } = options;
  if (!isPositiveDuration(connectTimeoutMs))
    problems.push(`connectTimeoutMs: must be a positive number of milliseconds up to ${longestMs}`);
  if (topology !== "create" && topology !== "check" && topology !== "assume") {
    problems.push('topology: must be "create", "check" or "assume"');
  }
  if (problems.length > 0) throw new ConfigError(problems, { broker: "kafka" });
  return {
    brokers: place.brokers,
    secure: place.secure,
    tls: options.tls,
    username,
    password,
    token:
      tokenUrl === undefined || username === undefined || password === undefined
        ? tokenSource(token, oauthToken)
        : tokenEndpoint({
            url: tokenUrl,
            clientId: username,
            clientSecret: password,
            scope: tokenScope,
            timeoutMs: connectTimeoutMs,
          }),
    clientName: options.clientName ?? "busbar",
    connectTimeoutMs,
    topology,
    native,
  };
}

function isWebAddress(text: unknown): boolean {
  if (typeof text !== "string" || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}

function tokenSource(
  token: string | undefined,
  provider: KafkaNative["oauthToken"],
): (() => Promise<string>) | undefined {
  if (provider !== undefined) return () => askForToken(provider);
  return token === undefined ? undefined : () => Promise.resolve(token);
}

function checkNative(given: KafkaNative, problems: string[]): NativeSettings {
  const native = {
    ...nativeDefaults,
    ...Object.fromEntries(
      Object.entries(given).filter(([name, value]) => value !== undefined && !tokenOptions.includes(name)),
    ),
  };
  for (const [key, least] of Object.entries(atLeast)) {
    const value = native[key as keyof NativeSettings];
    if (!Number.isSafeInteger(value) || (value as number) < least) {
      problems.push(`native.${key}: must be a whole number of at least ${least}`);
    } else if (key.endsWith("Ms") && !isDuration(value))
      problems.push(`native.${key}: must be at most ${longestMs}, which is what a timer takes`);
  }
  if (native.replicationFactor === 0) problems.push("native.replicationFactor: must be -1 or at least 1");
  if (!clients.includes(native.client)) problems.push(`native.client: must be one of ${clients.join(", ")}`);
  if (!mechanisms.includes(native.saslMechanism))
    problems.push(`native.saslMechanism: must be one of ${mechanisms.join(", ")}`);
  const { transactionalId } = native;
  if (transactionalId !== undefined && (typeof transactionalId !== "string" || transactionalId === ""))
    problems.push("native.transactionalId: must be text");
  if (typeof native.idempotent !== "boolean") problems.push("native.idempotent: must be true or false");
  if (!Array.isArray(native.tombstones)) problems.push("native.tombstones: must be a list of patterns of topics");
  else
    for (const [index, pattern] of native.tombstones.entries()) {
      const problem = patternProblem(pattern);
      if (problem !== undefined) problems.push(`native.tombstones[${index}]: ${problem}`);
    }
  if (!compressions.includes(native.compression))
    problems.push(`native.compression: must be one of ${compressions.join(", ")}`);
  if (native.heartbeatIntervalMs >= native.sessionTimeoutMs) {
    problems.push("native.heartbeatIntervalMs: must be below sessionTimeoutMs; about a third of it is usual");
  }
  for (const [name, value] of Object.entries(native.topicConfig)) {
    if (typeof value !== "string") problems.push(`native.topicConfig.${name}: must be text, as Kafka takes settings`);
  }
  const longestWait = Math.max(0, native.rebalanceTimeoutMs - 5_000);
  return { ...native, revokeWaitMs: Math.min(native.revokeWaitMs, longestWait) };
}

interface Place {
  readonly brokers: readonly string[];
  readonly secure: boolean;
  readonly username?: string;
  readonly password?: string;
}

const urlShape = /^(kafkas?):\/\/(?:([^/@]*)@)?([^/?#@]+)\/?$/i;

/** Never repeats the URL in a problem: it may hold a password. */
function parseUrl(url: unknown, problems: string[]): Place {
  const parts = typeof url === "string" ? urlShape.exec(url) : null;
  if (parts === null) {
    problems.push(
      "url: must look like kafka://host:9092 or kafkas://one:9093,two:9093, without a path; special characters of a password are percent-encoded",
    );
    return { brokers: [], secure: false };
  }
  const [, scheme, userInfo, hosts = ""] = parts;
  const brokers: string[] = [];
  for (const text of hosts.split(",")) {
    const [only] = readHosts(text.trim(), 9092) ?? [];
    if (only === undefined) problems.push(`url: "${text}" is not a host with a port`);
    else brokers.push(`${only.hostname}:${only.port}`);
  }
  const secure = scheme?.toLowerCase() === "kafkas";
  try {
    return { brokers, secure, ...readUser(userInfo) };
  } catch {
    problems.push("url: the user name or the password is not percent-encoded properly");
    return { brokers, secure };
  }
}
