import {
  BusError,
  CapacityError,
  ConnectionError,
  InvalidArgumentError,
  RefusedError,
  TimeoutError,
} from "@busbar/core/driver";

/** What was being done when it went wrong. */
export interface Attempt {
  /** The beginning of the message, such as `Connecting to nats://one:4222`. */
  readonly action: string;
  readonly topic?: string | undefined;
}

/** What the rules look at: an error of the client, of the server's API, or of Node.js. */
interface Seen {
  readonly name: string;
  readonly message: string;
  /** JetStream's `err_code`. */
  readonly apiCode: number | undefined;
  /** JetStream's `code`, in the manner of HTTP. */
  readonly apiStatus: number | undefined;
  /** The error code of Node.js, such as `ECONNREFUSED`. */
  readonly nodeCode: string | undefined;
}

interface Verdict {
  readonly kind:
    | "connection"
    | "timeout"
    | "capacity"
    | "argument"
    | "refused"
    | "authentication"
    | "notFound"
    | "tooLarge";
  readonly advice: string;
}

interface Rule extends Verdict {
  readonly when: (seen: Seen) => boolean;
}

const named =
  (...names: string[]) =>
  ({ name }: Seen): boolean =>
    names.includes(name);
const api =
  (...codes: number[]) =>
  ({ apiCode }: Seen): boolean =>
    apiCode !== undefined && codes.includes(apiCode);
const says =
  (pattern: RegExp) =>
  ({ message }: Seen): boolean =>
    pattern.test(message);

/** The first rule that fits decides. Texts and codes are those of nats-server 2.9 to 2.12 and of the client 3.x. */
const rules: readonly Rule[] = [
  {
    when: says(/authentication timeout/i),
    kind: "connection",
    advice: "the server was too busy to check the credentials",
  },
  {
    when: named("AuthorizationError", "UserAuthenticationExpiredError"),
    kind: "authentication",
    advice: "the server refuses the credentials; check user, password, token, key or credentials file",
  },
  {
    when: named("PermissionViolationError"),
    kind: "refused",
    advice: "this user is not allowed to; change the user's permissions",
  },
  {
    when: says(/max_payload size exceeded|maximum payload/i),
    kind: "tooLarge",
    advice: "raise max_payload at the server, or send less",
  },
  { when: api(10054), kind: "tooLarge", advice: "raise the stream's max_msg_size, or send less" },
  {
    when: says(/^maximum (bytes|messages)/i),
    kind: "capacity",
    advice: "the stream is full; consume, or give it more room",
  },
  { when: api(10077), kind: "capacity", advice: "the stream could not store it" },
  {
    when: api(10002, 10023, 10026, 10027, 10028, 10047),
    kind: "capacity",
    advice: "JetStream has no room left for this account",
  },
  {
    when: says(/maximum connections|maximum account active connections/i),
    kind: "capacity",
    advice: "the server takes no more connections",
  },
  { when: api(10014), kind: "notFound", advice: "the consumer does not exist" },
  { when: api(10059), kind: "notFound", advice: "the stream does not exist" },
  { when: api(10037), kind: "notFound", advice: "there is no such message" },
  { when: api(10065), kind: "refused", advice: "another stream takes some of these subjects" },
  { when: api(10058), kind: "refused", advice: "a stream of this name exists with another configuration" },
  {
    when: api(10166),
    kind: "refused",
    advice: "the stream was made without allow_msg_ttl, which expiresInMs needs; it can be switched on",
  },
  {
    when: api(10188, 10189, 10190, 10192),
    kind: "refused",
    advice: "the stream was made without what delayMs needs (allow_msg_schedules)",
  },
  {
    when: api(10099, 10100),
    kind: "refused",
    advice:
      "the stream is a work queue, whose messages are one subscription's each; keep it to one, or make the stream with another retention",
  },
  {
    when: api(10101),
    kind: "refused",
    advice: 'the stream is a work queue, which is read from its first message; subscribe with startFrom: "earliest"',
  },
  { when: api(10039, 10076), kind: "refused", advice: "JetStream is not enabled for this account" },
  { when: ({ apiStatus }) => apiStatus === 503, kind: "connection", advice: "JetStream is not ready" },
  { when: ({ apiStatus }) => apiStatus === 404, kind: "notFound", advice: "it does not exist" },
  { when: ({ apiCode }) => apiCode !== undefined, kind: "refused", advice: "JetStream refuses it" },
  {
    when: named("JetStreamNotEnabled", "NoResponders", "NoRespondersError"),
    kind: "connection",
    advice: "JetStream does not answer",
  },
  { when: named("TimeoutError"), kind: "timeout", advice: "the server did not answer in time" },
  {
    when: says(/does not support 'tls'|is not available on this server/i),
    kind: "refused",
    advice: "the server does not speak TLS; begin the URL with nats:, or enable TLS there",
  },
  {
    when: ({ nodeCode = "" }) => /CERT|^ERR_TLS|^ERR_SSL|^ERR_OSSL|SELF_SIGNED|UNABLE_TO_VERIFY/.test(nodeCode),
    kind: "refused",
    advice: "the certificates do not fit; check tls.ca, tls.cert and tls.servername",
  },
  {
    when: says(/\b(PEM|certificate)\b/i),
    kind: "refused",
    advice: "the certificates do not fit; check tls.ca, tls.cert and tls.key",
  },
  {
    when: named("InvalidArgumentError", "InvalidSubjectError", "InvalidNameError"),
    kind: "argument",
    advice: "correct it",
  },
  {
    when: says(/no responders/i),
    kind: "connection",
    advice: "nobody answers at the server",
  },
];

/** Whatever nobody foresaw is taken for a trouble of the connection, so that it is tried again. */
const fallback: Verdict = { kind: "connection", advice: "it is tried again" };

/** Makes a typed error of whatever the client, the server or Node.js threw. Pure; a `BusError` comes back as it is. */
export function classify(error: unknown, attempt: Attempt): BusError {
  if (BusError.is(error)) return error;
  const seen = look(error);
  const { kind, advice } = rules.find(({ when }) => when(seen)) ?? fallback;
  const message = `${attempt.action} failed: ${seen.message}; ${advice}.`;
  const details = { broker: "nats", topic: attempt.topic, cause: error };
  switch (kind) {
    case "connection":
      return new ConnectionError(message, details);
    case "timeout":
      return new TimeoutError(message, details);
    case "capacity":
      return new CapacityError(message, details);
    case "argument":
      return new InvalidArgumentError(message, details);
    default:
      return new RefusedError(message, { ...details, code: codes[kind] });
  }
}

const codes = {
  refused: "BUSBAR_REFUSED",
  authentication: "BUSBAR_AUTHENTICATION",
  notFound: "BUSBAR_NOT_FOUND",
  tooLarge: "BUSBAR_TOO_LARGE",
} as const;

/** What JetStream answers to a publish that it refuses. */
export interface ApiProblem {
  readonly code?: number;
  readonly err_code?: number;
  readonly description?: string;
}

/** Makes a typed error of JetStream's refusal of a publish. */
export function classifyRefusal(problem: ApiProblem, attempt: Attempt): BusError {
  const { code: status, err_code: code, description = "no reason given" } = problem;
  return classify(Object.assign(new Error(description), { name: "JetStreamApiError", code, status }), attempt);
}

/** JetStream's code of an API error, classified or not, for those few that decide what to do next. */
export function apiCodeOf(error: unknown): number | undefined {
  return look(BusError.is(error) ? error.cause : error).apiCode;
}

/** The codes that decide something. */
export const apiCodes = {
  consumerNotFound: 10014,
  streamNotFound: 10059,
  subjectsOverlap: 10065,
  streamNameInUse: 10058,
  sequenceNotFound: 10043,
} as const;

function look(error: unknown): Seen {
  if (!(error instanceof Error))
    return { name: "", message: String(error), apiCode: undefined, apiStatus: undefined, nodeCode: undefined };
  // The client wraps what went wrong with a request, and hides what Node.js said in the cause.
  const wrapped = error.name === "RequestError" && error.cause instanceof Error ? error.cause : error;
  const { code, status } = wrapped as { code?: unknown; status?: unknown };
  const nodeCode = code ?? (wrapped.cause as { code?: unknown } | undefined)?.code;
  return {
    name: wrapped.name,
    message: wrapped.message,
    apiCode: typeof code === "number" ? code : undefined,
    apiStatus: typeof status === "number" ? status : undefined,
    nodeCode: typeof nodeCode === "string" ? nodeCode : undefined,
  };
}
