import { BusError, CapacityError, ConnectionError, RefusedError } from "@busbar/core/driver";

/** What was being done when the client threw, for the message and for what cannot be told from the error alone. */
export interface Circumstances {
  /** As the beginning of a sentence, such as `Publishing to "a.b" failed`. */
  readonly what: string;
  readonly topic?: string | undefined;
  /** True when a message was on its way and nobody knows whether it arrived. */
  readonly sent?: boolean;
}

/** What a row of the table is given to make an error of. */
interface Found {
  readonly text: string;
  readonly details: { readonly broker: string; readonly topic?: string | undefined; readonly cause: unknown };
  readonly sent: boolean;
}

interface Row {
  /** The first word of a reply (Redis, "RESP protocol: simple errors"), an error code of Node, or words of the client's message. */
  readonly when: RegExp;
  readonly make: (found: Found) => BusError;
}

const lost = ({ text, details, sent }: Found): BusError =>
  sent
    ? new ConnectionError(
        `${text}: the connection was lost before the broker confirmed; it may or may not have the message.`,
        { ...details, code: "BUSBAR_OUTCOME_UNKNOWN" },
      )
    : new ConnectionError(`${text}: the connection to Redis was lost${because(details.cause)}.`, details);

const unreachable = ({ text, details }: Found): BusError =>
  new ConnectionError(
    `${text}: Redis cannot be reached${because(details.cause)}. Is it running, and are host and port right?`,
    details,
  );

const notNow = ({ text, details }: Found): BusError =>
  new ConnectionError(`${text}: Redis cannot do it at the moment${because(details.cause)}.`, details);

const full = ({ text, details }: Found): BusError =>
  new CapacityError(
    `${text}: Redis is out of room${because(details.cause)}. Raise maxmemory, or lower native.maxLength.`,
    details,
  );

const refused =
  (advice: string, code: "BUSBAR_REFUSED" | "BUSBAR_NOT_FOUND" | "BUSBAR_AUTHENTICATION" | "BUSBAR_TOO_LARGE") =>
  ({ text, details }: Found): BusError =>
    new RefusedError(`${text}: Redis refused${because(details.cause)}. ${advice}`, { ...details, code });

/** The first row that fits counts. */
const table: readonly Row[] = [
  {
    when: /^(WRONGPASS|NOAUTH)\b|^ERR (invalid password|AUTH )/,
    make: refused("Are user name and password right?", "BUSBAR_AUTHENTICATION"),
  },
  { when: /^NOPERM\b/, make: refused("Check the rights of this user (ACL).", "BUSBAR_REFUSED") },
  { when: /^DENIED\b/, make: refused("It is in protected mode: give it a password, or a bind.", "BUSBAR_REFUSED") },
  { when: /^(OOM|ERR max number of clients)\b/, make: full },
  { when: /^(LOADING|BUSY|MASTERDOWN|TRYAGAIN|CLUSTERDOWN|READONLY|NOREPLICAS|MISCONF)\b/, make: notNow },
  {
    when: /^(MOVED|ASK|CROSSSLOT)\b/,
    make: refused("It is a cluster, which this adapter does not speak to; name a single server.", "BUSBAR_REFUSED"),
  },
  {
    when: /^WRONGTYPE\b/,
    make: refused("The key holds something else: set native.prefix to one that is yours.", "BUSBAR_REFUSED"),
  },
  {
    when: /^NOGROUP\b|requires the key to exist/,
    make: refused('Make the stream, or set topology to "create".', "BUSBAR_NOT_FOUND"),
  },
  {
    when: /invalid bulk length|string exceeds maximum allowed size/,
    make: refused("The message is larger than this server takes (proto-max-bulk-len).", "BUSBAR_TOO_LARGE"),
  },
  { when: /^ERR DB index/, make: refused("There is no such database: check the URL's path.", "BUSBAR_NOT_FOUND") },
  { when: /^UNKILLABLE\b|^UNBLOCKED\b/, make: notNow },
  {
    when: /^(ERR|NOSCRIPT|NOTBUSY|EXECABORT|NOPROTO)\b/,
    make: refused("Does it know streams (6.2)?", "BUSBAR_REFUSED"),
  },
  {
    when: /^ERR_SSL_WRONG_VERSION_NUMBER$/,
    make: refused("It does not speak TLS at this port: redis: instead of rediss:?", "BUSBAR_REFUSED"),
  },
  {
    when: /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|CERT_|UNABLE_TO_(GET|VERIFY)_|ERR_TLS_CERT_ALTNAME_INVALID)/,
    make: refused("Its certificate is not accepted: set tls.ca, or tls.servername.", "BUSBAR_REFUSED"),
  },
  {
    when: /^(ERR_SSL_|ERR_TLS_|ERR_OSSL_)/,
    make: refused("Check the certificates and keys under tls.", "BUSBAR_REFUSED"),
  },
  {
    when: /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN)$|^Connection timeout/,
    make: unreachable,
  },
  {
    when: /^Invalid response|^Unknown RESP type/,
    make: refused("It does not speak the protocol of Redis: is this the right port?", "BUSBAR_REFUSED"),
  },
];

/**
 * The error of the bus for whatever the client threw or the server said. Pure. An error of the bus stays itself. What is not
 * in the table counts as a lost connection, since trying again is bounded by core and giving up is not undone.
 */
export function classify(error: unknown, circumstances: Circumstances): BusError {
  if (BusError.is(error)) return error;
  const { code, message } = marksOf(error);
  const row = table.find(({ when }) => when.test(message) || (typeof code === "string" && when.test(code)));
  return (row?.make ?? lost)({
    text: circumstances.what,
    details: { broker: "redis", topic: circumstances.topic, cause: error },
    sent: circumstances.sent === true,
  });
}

/** Tells whether a command was refused with this word in front (Redis, "RESP protocol: simple errors"). */
export function isRefusal(error: unknown, word: string): boolean {
  return marksOf(error).message.split(" ", 1)[0] === word;
}

function marksOf(error: unknown): { readonly code: unknown; readonly message: string } {
  const { code, message } = (typeof error === "object" && error !== null ? error : {}) as {
    readonly code?: unknown;
    readonly message?: unknown;
  };
  return { code, message: typeof message === "string" ? message : "" };
}

/** What the server or the system said, in brackets; neither says a password. */
function because(cause: unknown): string {
  const said = marksOf(cause).message.split("\n")[0] ?? "";
  return said === "" ? "" : ` (${said})`;
}
