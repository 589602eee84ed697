import { BusError, CapacityError, ClosedError, ConnectionError, RefusedError } from "@busbar/core/driver";
import type { BusErrorDetails } from "@busbar/core/driver";

/** What was being done when an error came, because servers use one code for several things. */
export interface ErrorContext {
  readonly operation: "connect" | "publish" | "subscribe" | "connected";
  /** The server as a person knows it, such as `mqtt://host:1883`, without user and password. */
  readonly server: string;
  /** The topic or filter, as the user wrote it. */
  readonly topic?: string | undefined;
}

/** What an error comes down to, and what to do next. */
interface Verdict {
  readonly kind: "connection" | "capacity" | "refused" | "authentication" | "too-large" | "instance-in-use" | "closed";
  readonly text: string;
}

const unreachable = "check that it runs and that the address and port are right";
const untrusted =
  "its certificate is not trusted; set tls.ca to its authority's certificate, or tls.servername to the name in it";

/** Error codes of Node's sockets and TLS. */
const systemCodes: Readonly<Record<string, Verdict>> = {
  ECONNREFUSED: { kind: "connection", text: `nobody listens there; ${unreachable}` },
  ECONNRESET: { kind: "connection", text: "the connection was reset" },
  EPIPE: { kind: "connection", text: "the connection is broken" },
  ETIMEDOUT: { kind: "connection", text: `no answer; ${unreachable}` },
  ENOTFOUND: { kind: "connection", text: `the host name is not known; ${unreachable}` },
  EAI_AGAIN: { kind: "connection", text: "the host name could not be looked up for now" },
  EHOSTUNREACH: { kind: "connection", text: "there is no way to the host" },
  ENETUNREACH: { kind: "connection", text: "there is no way to the network" },
  CERT_HAS_EXPIRED: { kind: "refused", text: "its certificate has expired; it needs a new one" },
  CERT_NOT_YET_VALID: { kind: "refused", text: "its certificate is not valid yet; check the clocks" },
  DEPTH_ZERO_SELF_SIGNED_CERT: { kind: "refused", text: untrusted },
  SELF_SIGNED_CERT_IN_CHAIN: { kind: "refused", text: untrusted },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { kind: "refused", text: untrusted },
  UNABLE_TO_GET_ISSUER_CERT: { kind: "refused", text: untrusted },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { kind: "refused", text: untrusted },
  ERR_TLS_CERT_ALTNAME_INVALID: { kind: "refused", text: untrusted },
  EPROTO: {
    kind: "refused",
    text: "it does not speak TLS there, or none that we speak; check the port and the scheme",
  },
  ERR_SSL_WRONG_VERSION_NUMBER: { kind: "refused", text: "it does not speak TLS there; check the port and the scheme" },
};

const otherVersion = "it does not speak this version of the protocol; set native.protocolVersion to the other one";
const wrongPassword = "it refuses the user name or password; check the credentials";

const notLetIn: Verdict = {
  kind: "authentication",
  text: "it does not let this user in; check the credentials and its access rules",
};

/** Return codes of CONNACK in MQTT 3.1.1 §3.2.2.3. */
const returnCodes: Readonly<Record<number, Verdict>> = {
  1: { kind: "refused", text: otherVersion },
  2: { kind: "refused", text: "it refuses the client id; shorten the service and instance names" },
  3: { kind: "connection", text: "it is not available for now" },
  4: { kind: "authentication", text: wrongPassword },
  5: notLetIn,
};

const notAllowed: Verdict = { kind: "refused", text: "it does not allow this; check its access rules for this user" };

/** Reason codes of MQTT 5.0 §2.4, 128 and up. */
const reasonCodes: Readonly<Record<number, Verdict>> = {
  0x80: { kind: "connection", text: "it failed without saying why" },
  0x81: { kind: "refused", text: "it could not read the packet" },
  0x82: { kind: "refused", text: "it says that the packet broke the protocol" },
  0x83: { kind: "connection", text: "it failed for a reason of its own" },
  0x84: { kind: "refused", text: otherVersion },
  0x85: { kind: "refused", text: "it refuses the client id; shorten the service and instance names" },
  0x86: { kind: "authentication", text: wrongPassword },
  0x87: notAllowed,
  0x88: { kind: "connection", text: "it is not available for now" },
  0x89: { kind: "connection", text: "it is too busy for now" },
  0x8a: { kind: "refused", text: "it has banned this client; ask who runs it" },
  0x8b: { kind: "connection", text: "it is shutting down" },
  0x8c: { kind: "authentication", text: "it wants another way to authenticate" },
  0x8d: { kind: "connection", text: "it heard nothing from us for too long" },
  0x8e: {
    kind: "instance-in-use",
    text: "another process has connected under the same instance name; give each process a name of its own",
  },
  0x8f: { kind: "refused", text: "it refuses the filter" },
  0x90: { kind: "refused", text: "it refuses the topic" },
  0x91: { kind: "connection", text: "it says that the packet identifier is in use" },
  0x93: { kind: "capacity", text: "more was sent at once than it takes" },
  0x94: { kind: "connection", text: "it refuses a topic alias" },
  0x95: { kind: "too-large", text: "the packet is larger than it takes; send less, or raise its limit" },
  0x96: { kind: "capacity", text: "messages come faster than it takes them" },
  0x97: { kind: "capacity", text: "a quota is exceeded" },
  0x98: { kind: "connection", text: "somebody who runs it ended this" },
  0x99: { kind: "refused", text: "the body is not what the content says it is" },
  0x9a: { kind: "refused", text: "it does not keep retained messages" },
  0x9b: { kind: "refused", text: "it does not support this quality of service" },
  0x9c: { kind: "refused", text: "it says to use another server" },
  0x9d: { kind: "refused", text: "it says that the server has moved; change the url" },
  0x9e: { kind: "refused", text: "it does not have shared subscriptions, which a group needs" },
  0x9f: { kind: "connection", text: "connections come faster than it takes them" },
  0xa0: { kind: "connection", text: "it ends every connection after some time" },
  0xa1: { kind: "refused", text: "it does not have subscription identifiers" },
  0xa2: { kind: "refused", text: "it does not have wildcards in filters" },
};

/** Errors of mqtt.js and ws that have a text and no code, and what OpenSSL tells under several codes. */
const messages: readonly (readonly [shape: RegExp, verdict: Verdict])[] = [
  [
    /alert (certificate required|bad certificate|certificate unknown|certificate revoked|unsupported certificate|unknown ca)/,
    {
      kind: "authentication",
      text: "it wants a client's certificate that it knows; set tls.cert and tls.key to one of an authority that it trusts",
    },
  ],
  [/alert certificate expired/, { kind: "authentication", text: "the client's certificate in tls.cert has expired" }],
  [/alert no application protocol/, { kind: "refused", text: "it speaks none of the protocols in native.alpn" }],
  [
    /alert handshake failure/,
    {
      kind: "refused",
      text: "it ends the handshake; it may want a client's certificate, in tls.cert and tls.key, or a version of TLS or a cipher that we do not speak",
    },
  ],
  [/connack timeout/, { kind: "connection", text: `no answer within the time to connect; ${unreachable}` }],
  [/Keepalive timeout/, { kind: "connection", text: "it did not answer a ping in time" }],
  [
    /Unexpected server response: 40[13]/,
    { kind: "authentication", text: "it refuses the WebSocket; check the credentials" },
  ],
  [
    /Unexpected server response: 4\d\d/,
    { kind: "refused", text: "there is no MQTT over WebSocket at this path; check the url" },
  ],
  [/TLS not authorized/, { kind: "refused", text: untrusted }],
  [/client disconnecting/, { kind: "closed", text: "the connection is being closed" }],
];

const lost: Verdict = { kind: "connection", text: "the connection was lost" };
const neverAnswered: Verdict = {
  kind: "connection",
  text: "it closed the connection without an answer; if it only speaks MQTT 3.1.1, set native.protocolVersion to 4",
};

/**
 * Turns whatever mqtt.js or the socket said into an error of the bus. Pure. Without an error the connection just ended. An
 * error of the bus stays as it is.
 */
export function classify(error: unknown, context: ErrorContext): BusError {
  if (BusError.is(error)) return error;
  return fail(verdictOf(error, context), context, error);
}

function verdictOf(error: unknown, { operation }: ErrorContext): Verdict {
  const { code, message = "" } = (error ?? {}) as { code?: unknown; message?: string };
  if (typeof code === "number" && code >= 0x80) {
    // mosquitto answers a wrong password with "not authorized", as MQTT 3.1.1 has it.
    if (code === 0x87 && operation === "connect") return notLetIn;
    // The only way in which MQTT 3.1.1 refuses a filter.
    if (code === 0x80 && operation === "subscribe") return notAllowed;
    return reasonCodes[code] ?? { kind: "refused", text: `it answers with the reason code ${code}` };
  }
  if (typeof code === "number" && operation === "connect") {
    return returnCodes[code] ?? { kind: "refused", text: `it answers with the return code ${code}` };
  }
  const known = messages.find(([shape]) => shape.test(message))?.[1];
  if (known !== undefined) return known;
  const system = typeof code === "string" ? (systemCodes[code] ?? unusable(code)) : undefined;
  return system ?? (error === undefined && operation === "connect" ? neverAnswered : lost);
}

/** What OpenSSL could not read it tells in many ways. */
function unusable(code: string): Verdict | undefined {
  if (!code.startsWith("ERR_OSSL_")) return undefined;
  return { kind: "refused", text: "a certificate or key in tls cannot be read, or they do not belong together" };
}

const doing: Readonly<Record<ErrorContext["operation"], string>> = {
  connect: "Connecting",
  publish: "Publishing",
  subscribe: "Subscribing",
  connected: "The connection",
};

function fail({ kind, text }: Verdict, { operation, server, topic }: ErrorContext, cause: unknown): BusError {
  const subject = topic === undefined ? "" : `to "${topic}" at `;
  const message = `${doing[operation]} ${subject || "to "}${server} failed: ${text}.`;
  const details = { broker: "mqtt", topic, ...(cause === undefined ? {} : { cause }) };
  return errors[kind](message, details);
}

const errors: Readonly<Record<Verdict["kind"], (message: string, details: BusErrorDetails) => BusError>> = {
  connection: (message, details) => new ConnectionError(message, details),
  capacity: (message, details) => new CapacityError(message, details),
  refused: (message, details) => new RefusedError(message, details),
  authentication: (message, details) => new RefusedError(message, { ...details, code: "BUSBAR_AUTHENTICATION" }),
  "too-large": (message, details) => new RefusedError(message, { ...details, code: "BUSBAR_TOO_LARGE" }),
  "instance-in-use": (message, details) => new RefusedError(message, { ...details, code: "BUSBAR_INSTANCE_IN_USE" }),
  closed: (message, details) => new ClosedError(message, details),
};

/** The error of a publish that was sent and not confirmed when the connection was lost, whatever it was lost for. */
export function outcomeUnknown(server: string, topic: string, cause?: unknown): BusError {
  return new ConnectionError(
    `Publishing to "${topic}" at ${server} failed: the connection was lost before the message was confirmed, so the server may or may not have it.`,
    { code: "BUSBAR_OUTCOME_UNKNOWN", broker: "mqtt", topic, ...(cause === undefined ? {} : { cause }) },
  );
}
