import { BusError, CapacityError, ConnectionError, InvalidArgumentError, RefusedError } from "@busbar/core/driver";

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
  /** A reply code of the protocol (AMQP 0-9-1, "Reply codes"), an error code of Node, or words of the client's message. */
  readonly when: number | string | RegExp;
  /** Where a reply code means several things: words of the broker's text. */
  readonly and?: RegExp;
  readonly make: (found: Found) => BusError;
}

const lost = ({ text, details, sent }: Found): BusError =>
  sent
    ? new ConnectionError(
        `${text}: the connection was lost before the broker confirmed; it may or may not have the message.`,
        {
          ...details,
          code: "BUSBAR_OUTCOME_UNKNOWN",
        },
      )
    : new ConnectionError(`${text}: the connection to RabbitMQ was lost.`, details);

const unreachable = ({ text, details }: Found): BusError =>
  new ConnectionError(
    `${text}: RabbitMQ cannot be reached${because(details.cause)}. Is it running, and are host and port right?`,
    details,
  );

const untrusted = ({ text, details }: Found): BusError =>
  new RefusedError(
    `${text}: the server's certificate is not accepted${because(details.cause)}. Set tls.ca, or tls.servername.`,
    details,
  );

const tooLarge = ({ text, details }: Found): BusError =>
  new RefusedError(
    `${text}: the message is larger than this RabbitMQ takes (max_message_size)${because(details.cause)}.`,
    {
      ...details,
      code: "BUSBAR_TOO_LARGE",
    },
  );

const refused =
  (advice: string, code: "BUSBAR_REFUSED" | "BUSBAR_NOT_FOUND" | "BUSBAR_AUTHENTICATION" = "BUSBAR_REFUSED") =>
  ({ text, details }: Found): BusError =>
    new RefusedError(`${text}: RabbitMQ refused${because(details.cause)}. ${advice}`, { ...details, code });

/** The first row that fits counts. */
const table: readonly Row[] = [
  {
    when: /^Handshake terminated by server: 403 /,
    make: refused(
      "Are user name and password right, or is the name in the client certificate one of its users?",
      "BUSBAR_AUTHENTICATION",
    ),
  },
  {
    when: /^SASL mechanism \S+ is not provided/,
    make: refused(
      "Its operator has to allow it (auth_mechanisms; EXTERNAL takes the plugin rabbitmq_auth_mechanism_ssl).",
      "BUSBAR_AUTHENTICATION",
    ),
  },
  {
    when: /^Expected ConnectionOpenOk; got <ConnectionClose/,
    make: refused("Does the virtual host exist, and may this user enter it?", "BUSBAR_NOT_FOUND"),
  },
  {
    when: /^(Frame size|Invalid frame|Expected ConnectionStart)/,
    make: refused("It does not speak AMQP 0-9-1: is this the right port?"),
  },
  {
    when: /^ERR_SSL_WRONG_VERSION_NUMBER$/,
    make: refused("It does not speak TLS at this port: amqp: instead of amqps:, or port 5671?"),
  },
  {
    when: /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|CERT_|UNABLE_TO_(GET|VERIFY)_|ERR_TLS_CERT_ALTNAME_INVALID)/,
    make: untrusted,
  },
  { when: /^(ERR_SSL_|ERR_TLS_|ERR_OSSL_)/, make: refused("Check the certificates and keys under tls.") },
  { when: /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN)$/, make: unreachable },
  {
    when: /^(connect ETIMEDOUT|Socket closed abruptly|Client network socket disconnected before secure)/,
    make: unreachable,
  },
  { when: /^Handshake terminated by server/, make: unreachable },
  { when: 311, make: tooLarge },
  { when: 320, make: lost },
  { when: 403, make: refused("Check the permissions of this user.") },
  { when: 404, make: refused('Create it, or set topology to "create".', "BUSBAR_NOT_FOUND") },
  {
    when: 405,
    make: ({ text, details }) =>
      new CapacityError(`${text}: somebody else has it locked; try again in a moment.`, details),
  },
  { when: 406, and: /message size .* larger than/, make: tooLarge },
  { when: 406, and: /delivery acknowledgement on channel .* timed out/, make: lost },
  { when: 406, and: /unknown delivery tag/, make: lost },
  {
    when: 406,
    and: /inequivalent arg/,
    make: refused(
      "A queue of this name exists with other properties: remove it, or set native.queueType to what it is.",
    ),
  },
  { when: 406, make: refused("What was sent does not fit the broker's rules.") },
  { when: 504, make: lost },
  {
    when: 506,
    make: ({ text, details }) =>
      new CapacityError(`${text}: RabbitMQ is out of resources${because(details.cause)}.`, details),
  },
  { when: 530, make: refused("This is not allowed here.") },
  { when: 541, make: lost },
  {
    when: /^message nacked$/,
    make: ({ text, details }) =>
      new CapacityError(
        `${text}: a queue is full and refuses new messages (reject-publish). Consume faster, or raise its limit.`,
        details,
      ),
  },
  {
    when: /^No channels left to allocate$/,
    make: ({ text, details }) =>
      new CapacityError(
        `${text}: the connection has no channel left; close subscriptions, or raise channel_max.`,
        details,
      ),
  },
  {
    when: /^(Encoded field table|The value of "value" is out of range)/,
    make: ({ text, details }) =>
      new RefusedError(
        `${text}: the headers are larger than 64 KiB, which is all that a message has room for; move them to the body.`,
        {
          ...details,
          code: "BUSBAR_TOO_LARGE",
        },
      ),
  },
  {
    when: /^Field '\w+' is the wrong type/,
    make: ({ text, details }) =>
      new InvalidArgumentError(`${text}: a property does not fit AMQP${because(details.cause)}.`, details),
  },
  { when: /^(channel closed|Channel (closed|closing|ended)|Connection (closed|closing))/, make: lost },
  { when: /^(Unexpected close|Heartbeat timeout)/, make: lost },
  { when: /^(ECONNRESET|EPIPE|ETIMEDOUT|ECONNABORTED|ERR_STREAM_\w+)$/, make: lost },
];

/**
 * The error of the bus for whatever the client threw or the broker said. Pure. An error of the bus stays itself. What is not
 * in the table counts as a lost connection, since trying again is bounded by core and giving up is not undone.
 */
export function classify(error: unknown, circumstances: Circumstances): BusError {
  if (BusError.is(error)) return error;
  const { code, message } = marksOf(error);
  const row = table.find(({ when, and }) => fits(when, code, message) && (and === undefined || and.test(message)));
  return (row?.make ?? lost)({
    text: circumstances.what,
    details: { broker: "amqp", topic: circumstances.topic, cause: error },
    sent: circumstances.sent === true,
  });
}

/** The largest body that the broker takes, in bytes, where the reason for closing a channel names it. */
export function maxBodyBytesIn(error: unknown): number | undefined {
  const size = /larger than configured max size (\d+)/.exec(marksOf(error).message)?.[1];
  return size === undefined ? undefined : Number(size);
}

/**
 * Tells whether a publish is the one that the broker closed the channel for, as far as its reason tells: it names a missing exchange, or the
 * exchange or routing key that the user may not write to.
 */
export function isToBlame(reason: unknown, exchange: string, routingKey: string): boolean {
  const { code, message } = marksOf(reason);
  if (code !== 403 && code !== 404) return false;
  const topic = /access to topic '(.*?)' in exchange '/.exec(message)?.[1];
  if (topic !== undefined) return topic === routingKey;
  return /exchange '(.*?)' in vhost/.exec(message)?.[1] === exchange;
}

function fits(when: Row["when"], code: unknown, message: string): boolean {
  if (when instanceof RegExp) return when.test(message) || (typeof code === "string" && when.test(code));
  return when === code;
}

function marksOf(error: unknown): { readonly code: unknown; readonly message: string } {
  const { code, message } = (typeof error === "object" && error !== null ? error : {}) as {
    readonly code?: unknown;
    readonly message?: unknown;
  };
  return { code, message: typeof message === "string" ? message : "" };
}

/** What the broker or the system said, in brackets; the client's errors hold no password. */
function because(cause: unknown): string {
  const { message } = marksOf(cause);
  const said = /with message "(.*)"$/s.exec(message)?.[1] ?? message.split("\n")[0] ?? "";
  return said === "" ? "" : ` (${said})`;
}
