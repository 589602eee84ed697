import type { AdapterOptions, Topology } from "@busbar/core/contract";
import { ConfigError, longestMs, readHosts, readUser, unknownOptionProblems } from "@busbar/core/driver";
import { Buffer } from "./buffer.ts";
import { authenticationProblems } from "./enhanced-authentication.ts";
import type { EnhancedAuthentication } from "./enhanced-authentication.ts";
import { willProblems } from "./last-will.ts";
import type { LastWill } from "./last-will.ts";

/** What only MQTT has. */
export interface MqttNativeOptions {
  /**
   * The version of the protocol: 5, or 4, which is how MQTT 3.1.1 counts itself. With 4 there are no headers, keys, content
   * types and expiry.
   *
   * @default 5
   */
  readonly protocolVersion?: 4 | 5;
  /**
   * Whether messages travel in an envelope of JSON on MQTT 3.1.1, which carries id, time, key, headers, content type and where an answer goes; and whether a payload that is
   * one is opened. Whoever else reads the topics has to know it. MQTT 5 has places for all of that.
   *
   * @default false
   */
  readonly envelope?: boolean;
  /**
   * How long the connection may be silent, in seconds, before a ping; one that is not answered within half of it ends the
   * connection (MQTT 5.0 §3.1.2.10).
   *
   * @default 15
   */
  readonly keepaliveSeconds?: number;
  /**
   * How long the server keeps a durable subscription, with its messages, while nobody is connected, in seconds (MQTT 5.0
   * §3.1.2.11.2). MQTT 5 only: MQTT 3.1.1 cannot say it, and there the server's own setting counts.
   *
   * @default 3600
   */
  readonly sessionExpirySeconds?: number;
  /**
   * The quality of service of what travels at least once, both ways: 1, or 2 for servers and devices that want it. What 2 gives and what it does not stands in
   * `docs/brokers/mqtt.md`; it is not exactly once.
   *
   * @default 1
   */
  readonly qos?: 1 | 2;
  /**
   * What happens where the server grants a lower quality of service than a subscription or `qos` needs: `refuse` is an error, `accept` takes it and says so
   * in the warnings of `health()`.
   *
   * @default "refuse"
   */
  readonly weakerQos?: "refuse" | "accept";
  /**
   * When a subscription is given the last values that the server keeps (MQTT 5.0 §3.8.3.1): `new`, where the server does not have the subscription yet; `always`, each time
   * that the process subscribes; `never`. MQTT 3.1.1 knows `always` alone.
   *
   * @default "new", with MQTT 3.1.1 "always"
   */
  readonly lastValues?: "new" | "always" | "never";
  /**
   * Whether a message that was published just now, with `retain`, says so too, and not only one that was kept (Retain As Published). MQTT 5 only.
   *
   * @default false
   */
  readonly retainAsPublished?: boolean;
  /**
   * What publishing nothing with `retain` does: `refuse` is an error, because on MQTT nothing is kept of it; `clear` deletes the value that is kept.
   *
   * @default "refuse"
   */
  readonly emptyRetained?: "refuse" | "clear";
  /**
   * Whether a topic is written once to each connection and then by number, as far as the server takes numbers (MQTT 5.0 §3.3.2.3.4). It spares bytes where
   * topics are long and links slow. MQTT 5 only.
   *
   * @default false
   */
  readonly topicAliases?: boolean;
  /**
   * Whether subscriptions are not given what this bus has published itself (No Local). Groups are refused then, for what a member published would be lost to
   * the others. What the bus passes on, requests and answers are never held back. MQTT 5 only.
   *
   * @default false
   */
  readonly noLocal?: boolean;
  /** Another way to authenticate than a password, in code only. MQTT 5 only. @default none */
  readonly authentication?: EnhancedAuthentication;
  /**
   * The protocols that are offered in the TLS handshake (ALPN), the preferred one first, for servers that share a port: `["mqtt"]`, or what a cloud's page names.
   * With `mqtts:` only; a server that chooses none of them is refused where it says so.
   *
   * @default none
   */
  readonly alpn?: readonly string[];
  /** What the server publishes when it loses this process, as when it is killed; not after `close`. @default none */
  readonly will?: LastWill;
}

/** What `mqtt()` and `MqttBroker` are made from. */
export type MqttOptions = AdapterOptions<MqttNativeOptions>;

/** The schemes of a URL that this adapter takes. */
export type MqttScheme = "mqtt" | "mqtts" | "ws" | "wss";

/** All schemes that this adapter takes, without the colon. */
export const schemes: readonly MqttScheme[] = ["mqtt", "mqtts", "ws", "wss"];

/** One server of a cluster. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** The options, checked, with every default filled in. */
export interface MqttSettings {
  readonly scheme: MqttScheme;
  /** At least one. */
  readonly servers: readonly ServerAddress[];
  /** For WebSockets only: path and query. */
  readonly path: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: NonNullable<MqttOptions["tls"]>;
  readonly clientName: string;
  readonly connectTimeoutMs: number;
  readonly topology: Topology;
  readonly protocolVersion: 4 | 5;
  readonly envelope: boolean;
  readonly keepaliveSeconds: number;
  readonly sessionExpirySeconds: number;
  readonly qos: 1 | 2;
  readonly weakerQos: "refuse" | "accept";
  readonly authentication: EnhancedAuthentication | undefined;
  readonly alpn: readonly string[] | undefined;
  readonly lastValues: "new" | "always" | "never";
  readonly retainAsPublished: boolean;
  readonly emptyRetained: "refuse" | "clear";
  readonly topicAliases: boolean;
  readonly noLocal: boolean;
  readonly will: LastWill | undefined;
}

const defaultPorts: Readonly<Record<MqttScheme, number>> = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 };
const topologies: readonly Topology[] = ["create", "check", "assume"];
const nativeKeys = [
  "protocolVersion",
  "envelope",
  "keepaliveSeconds",
  "sessionExpirySeconds",
  "qos",
  "weakerQos",
  "lastValues",
  "retainAsPublished",
  "emptyRetained",
  "topicAliases",
  "noLocal",
  "authentication",
  "alpn",
  "will",
];

/** Whether this is a browser, which has WebSockets alone, and its own certificates. */
function isInBrowser(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node === undefined;
}

/**
 * Checks the options and fills in the defaults, without changing them and without I/O.
 *
 * @throws ConfigError that lists every problem; user name and password are in none of them.
 */
export function parseOptions(options: MqttOptions, inBrowser: boolean = isInBrowser()): MqttSettings {
  const { credentials = {}, tls = {}, native = {} } = options;
  const problems = unknownOptionProblems(options, nativeKeys);
  const place = parseUrl(options.url, problems);
  const { protocolVersion = 5, keepaliveSeconds = 15, sessionExpirySeconds = 3600, will } = native;
  const { qos = 1, weakerQos = "refuse", emptyRetained = "refuse", alpn } = native;
  const { lastValues = protocolVersion === 4 ? "always" : "new" } = native;
  const { authentication } = native;
  const { retainAsPublished = false, topicAliases = false, noLocal = false, envelope = false } = native;
  const { connectTimeoutMs = 10_000, topology = "create" } = options;
  if (credentials.token !== undefined) {
    problems.push(
      "credentials.token: MQTT has no such thing; where the server takes a token, it takes it as the password.",
    );
  }
  if (options.tls !== undefined && place !== undefined && (place.scheme === "mqtt" || place.scheme === "ws")) {
    problems.push(`tls: "${place.scheme}:" is not encrypted; write "${place.scheme}s:" in the url, or leave tls out.`);
  }
  if (inBrowser) problems.push(...browserProblems(options, place?.scheme));
  if (protocolVersion !== 4 && protocolVersion !== 5) {
    problems.push("native.protocolVersion: must be 5, or 4 for MQTT 3.1.1.");
  }
  if (!topologies.includes(topology)) problems.push('topology: must be "create", "check" or "assume".');
  if (typeof envelope !== "boolean") problems.push("native.envelope: must be true or false.");
  else if (envelope && protocolVersion !== 4)
    problems.push(
      "native.envelope: MQTT 5 has places for what it would carry; leave it out, or set native.protocolVersion to 4.",
    );
  if (protocolVersion === 4 && native.sessionExpirySeconds !== undefined)
    problems.push("native.sessionExpirySeconds: MQTT 3.1.1 cannot ask for it; leave it out, and set it at the server.");
  wholeNumber("native.keepaliveSeconds", keepaliveSeconds, 1, 65_535, problems);
  wholeNumber("native.sessionExpirySeconds", sessionExpirySeconds, 1, 0xffff_fffe, problems);
  if (qos !== 1 && qos !== 2)
    problems.push('native.qos: must be 1 or 2; QoS 0 is the option delivery: "at-most-once".');
  if (weakerQos !== "refuse" && weakerQos !== "accept")
    problems.push('native.weakerQos: must be "refuse" or "accept".');
  if (emptyRetained !== "refuse" && emptyRetained !== "clear")
    problems.push('native.emptyRetained: must be "refuse" or "clear".');
  if (!["new", "always", "never"].includes(lastValues))
    problems.push('native.lastValues: must be "new", "always" or "never".');
  else if (protocolVersion === 4 && lastValues !== "always")
    problems.push(`native.lastValues: MQTT 3.1.1 cannot do "${lastValues}"; leave it out.`);
  for (const [name, wanted] of Object.entries({ retainAsPublished, topicAliases, noLocal })) {
    if (typeof wanted !== "boolean") problems.push(`native.${name}: must be true or false.`);
    else if (protocolVersion === 4 && wanted)
      problems.push(`native.${name}: MQTT 3.1.1 does not know it; leave it out.`);
  }
  if (authentication !== undefined) problems.push(...authenticationProblems(authentication, protocolVersion));
  if (alpn !== undefined) problems.push(...alpnProblems(alpn, place?.scheme));
  if (tls.cert === undefined ? tls.key !== undefined : tls.key === undefined)
    problems.push("tls: a client's certificate needs both cert and key.");
  if (will !== undefined) problems.push(...willProblems(will, protocolVersion));
  wholeNumber("connectTimeoutMs", connectTimeoutMs, 1, longestMs, problems);
  if (problems.length > 0 || place === undefined) throw new ConfigError(problems, { broker: "mqtt" });
  return {
    ...place,
    username: credentials.username ?? place.username,
    password: credentials.password ?? place.password,
    tls,
    clientName: options.clientName ?? "busbar",
    connectTimeoutMs,
    topology,
    protocolVersion,
    envelope,
    keepaliveSeconds,
    sessionExpirySeconds,
    qos,
    weakerQos,
    authentication,
    alpn,
    lastValues,
    retainAsPublished,
    emptyRetained,
    topicAliases,
    noLocal,
    will,
  };
}

function browserProblems({ tls }: MqttOptions, scheme: MqttScheme | undefined): string[] {
  const problems: string[] = [];
  if (scheme === "mqtt" || scheme === "mqtts")
    problems.push(
      `url: a browser has no "${scheme}:"; write "wss:" or "ws:", and the path where the server has its WebSocket.`,
    );
  if (tls !== undefined)
    problems.push("tls: a browser shows and checks certificates by its own settings; leave tls out.");
  return problems;
}

function alpnProblems(alpn: unknown, scheme: MqttScheme | undefined): string[] {
  const fits = (name: unknown): boolean => typeof name === "string" && name !== "" && Buffer.byteLength(name) <= 255;
  if (!Array.isArray(alpn) || alpn.length === 0 || !alpn.every(fits))
    return ["native.alpn: must be a list of names of protocols, each of 1 to 255 bytes."];
  return scheme === undefined || scheme === "mqtts"
    ? []
    : [`native.alpn: "${scheme}:" has no use for it; it goes with "mqtts:".`];
}

function wholeNumber(name: string, value: number, least: number, most: number, problems: string[]): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  problems.push(`${name}: must be a whole number from ${least} to ${most}.`);
}

interface Place extends Pick<MqttSettings, "scheme" | "servers" | "path"> {
  readonly username?: string;
  readonly password?: string;
}

const urlShape = /^([a-z]+):\/\/(?:([^/?#]*)@)?([^/?#@]+)([^#]*)$/;

/** Takes the URL apart by hand, because several servers, separated by commas, are no URL to Node. */
function parseUrl(url: unknown, problems: string[]): Place | undefined {
  const [, scheme, user, hosts, path] = (typeof url === "string" ? urlShape.exec(url) : null) ?? [];
  if (scheme === undefined || hosts === undefined) {
    problems.push('url: must look like "mqtt://host:1883"; several servers are separated by commas.');
    return undefined;
  }
  if (!isScheme(scheme)) {
    problems.push(`url: the scheme "${scheme}:" is not one of ${schemes.map((known) => `${known}:`).join(", ")}.`);
    return undefined;
  }
  const servers = readHosts(hosts, defaultPorts[scheme])?.map(({ host, port }) => ({ host, port }));
  if (servers === undefined) {
    problems.push("url: a server in it is not written as host or host:port.");
    return undefined;
  }
  const overWebSocket = scheme === "ws" || scheme === "wss";
  if (!overWebSocket && path !== undefined && path !== "" && path !== "/") {
    problems.push(`url: "${scheme}:" has no path; options go beside the url, not behind it.`);
    return undefined;
  }
  try {
    return {
      scheme,
      servers,
      path: path === undefined || path === "" ? "/" : path,
      ...readUser(user),
    };
  } catch {
    problems.push(
      "url: the user or password in it is not percent-encoded; credentials can stand beside the url instead.",
    );
    return undefined;
  }
}

function isScheme(text: string): text is MqttScheme {
  return (schemes as readonly string[]).includes(text);
}
