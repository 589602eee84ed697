import { BusError, CanceledError, ClosedError, ConnectionError, RefusedError, TimeoutError } from "@busbar/core/driver";
import type { BusErrorCode } from "@busbar/core/driver";

/** What was being done when the client failed. */
export interface FailedCall {
  /** The beginning of the message: what failed, such as `Publishing to "a.b"`. */
  readonly doing: string;
  readonly topic?: string | undefined;
  /** True when a message had been on its way: an ambiguous failure then says that the outcome is unknown. */
  readonly sent?: boolean;
}

type Verdict =
  | {
      readonly kind: "refused";
      readonly code: Extract<
        BusErrorCode,
        "BUSBAR_REFUSED" | "BUSBAR_AUTHENTICATION" | "BUSBAR_NOT_FOUND" | "BUSBAR_TOO_LARGE"
      >;
      readonly advice: string;
    }
  /** The cluster certainly did not do it, and may later. */
  | { readonly kind: "later"; readonly advice: string }
  /** It may have been done. */
  | { readonly kind: "unknown"; readonly advice: string };

const lost = "the connection to Kafka was lost or could not be made";

/** By the type of a protocol error (the names of `org.apache.kafka.common.protocol.Errors`, as the client spells them). */
const byType: Readonly<Record<string, Verdict>> = {
  UNKNOWN_TOPIC_OR_PARTITION: {
    kind: "refused",
    code: "BUSBAR_NOT_FOUND",
    advice: 'there is no such topic; make it, or set topology: "create"',
  },
  INVALID_TOPIC_EXCEPTION: { kind: "refused", code: "BUSBAR_REFUSED", advice: "Kafka does not take the topic's name" },
  MESSAGE_TOO_LARGE: {
    kind: "refused",
    code: "BUSBAR_TOO_LARGE",
    advice: "the message is larger than max.message.bytes of the topic",
  },
  RECORD_LIST_TOO_LARGE: {
    kind: "refused",
    code: "BUSBAR_TOO_LARGE",
    advice: "the message is larger than a log segment of the topic",
  },
  INVALID_RECORD: {
    kind: "refused",
    code: "BUSBAR_REFUSED",
    advice: "Kafka does not take the record; a compacted topic needs a key on every message",
  },
  INVALID_TIMESTAMP: {
    kind: "refused",
    code: "BUSBAR_REFUSED",
    advice: "the time of the message is further off than the topic allows",
  },
  TOPIC_AUTHORIZATION_FAILED: {
    kind: "refused",
    code: "BUSBAR_REFUSED",
    advice: "this user may not use the topic; grant it an ACL",
  },
  GROUP_AUTHORIZATION_FAILED: {
    kind: "refused",
    code: "BUSBAR_REFUSED",
    advice: "this user may not use the consumer group; grant it an ACL",
  },
  CLUSTER_AUTHORIZATION_FAILED: {
    kind: "refused",
    code: "BUSBAR_REFUSED",
    advice:
      'this user may not change the cluster; grant it an ACL, or make the topics yourself and set topology: "check"',
  },
  SASL_AUTHENTICATION_FAILED: {
    kind: "refused",
    code: "BUSBAR_AUTHENTICATION",
    advice: "the user name, the password or the token is wrong",
  },
  UNSUPPORTED_SASL_MECHANISM: {
    kind: "refused",
    code: "BUSBAR_AUTHENTICATION",
    advice: "the server does not offer this SASL mechanism; set native.saslMechanism",
  },
  INVALID_REPLICATION_FACTOR: {
    kind: "refused",
    code: "BUSBAR_REFUSED",
    advice: "there are fewer brokers than native.replicationFactor",
  },
  INVALID_PARTITIONS: {
    kind: "refused",
    code: "BUSBAR_REFUSED",
    advice: "the cluster does not take native.partitions",
  },
  INVALID_CONFIG: { kind: "refused", code: "BUSBAR_REFUSED", advice: "the cluster does not take native.topicConfig" },
  POLICY_VIOLATION: { kind: "refused", code: "BUSBAR_REFUSED", advice: "a policy of the cluster forbids it" },
  INVALID_SESSION_TIMEOUT: {
    kind: "refused",
    code: "BUSBAR_REFUSED",
    advice: "native.sessionTimeoutMs is outside what the broker allows (group.min/max.session.timeout.ms)",
  },
  INVALID_GROUP_ID: { kind: "refused", code: "BUSBAR_REFUSED", advice: "Kafka does not take the group's name" },
  INCONSISTENT_GROUP_PROTOCOL: {
    kind: "refused",
    code: "BUSBAR_REFUSED",
    advice: "the group has members that divide its partitions in another way; use a group of its own",
  },
  GROUP_MAX_SIZE_REACHED: {
    kind: "refused",
    code: "BUSBAR_REFUSED",
    advice: "the group has as many members as the broker allows",
  },
  NON_EMPTY_GROUP: { kind: "refused", code: "BUSBAR_REFUSED", advice: "the group has members still; close them first" },
  UNSUPPORTED_VERSION: {
    kind: "refused",
    code: "BUSBAR_REFUSED",
    advice: "the server is too old or too new for the client",
  },
  NOT_ENOUGH_REPLICAS: { kind: "later", advice: "fewer replicas are in sync than min.insync.replicas asks for" },
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: {
    kind: "unknown",
    advice: "it was written, but to fewer replicas than min.insync.replicas asks for",
  },
  LEADER_NOT_AVAILABLE: { kind: "later", advice: "the partition has no leader at the moment" },
  NOT_LEADER_FOR_PARTITION: { kind: "later", advice: "the partition has just got another leader" },
  REQUEST_TIMED_OUT: { kind: "unknown", advice: "the replicas did not confirm in time" },
  NETWORK_EXCEPTION: { kind: "unknown", advice: lost },
  GROUP_COORDINATOR_NOT_AVAILABLE: { kind: "later", advice: "the group has no coordinator at the moment" },
  NOT_COORDINATOR_FOR_GROUP: { kind: "later", advice: "the group has just got another coordinator" },
  GROUP_LOAD_IN_PROGRESS: { kind: "later", advice: "the group is being loaded" },
  OUT_OF_ORDER_SEQUENCE_NUMBER: { kind: "unknown", advice: "the cluster lost count of what this producer wrote" },
  UNKNOWN_PRODUCER_ID: { kind: "unknown", advice: "the cluster has forgotten this producer" },
  INVALID_PRODUCER_EPOCH: { kind: "unknown", advice: "the cluster has forgotten this producer" },
  REBALANCE_IN_PROGRESS: { kind: "later", advice: "the group is rebalancing" },
  ILLEGAL_GENERATION: { kind: "later", advice: "the group has rebalanced" },
  UNKNOWN_MEMBER_ID: { kind: "later", advice: "the group took this member for dead" },
};

/** By the name of an error of the client itself. */
const byName: Readonly<Record<string, Verdict>> = {
  KafkaJSSASLAuthenticationError: {
    kind: "refused",
    code: "BUSBAR_AUTHENTICATION",
    advice: "the user name, the password or the SASL mechanism is not what the server takes",
  },
  KafkaJSConnectionError: { kind: "unknown", advice: lost },
  KafkaJSConnectionClosedError: { kind: "unknown", advice: lost },
  KafkaJSRequestTimeoutError: { kind: "unknown", advice: "the server did not answer in time" },
  KafkaJSNoBrokerAvailableError: { kind: "unknown", advice: lost },
  KafkaJSBrokerNotFound: { kind: "unknown", advice: lost },
  KafkaJSLockTimeout: { kind: "unknown", advice: lost },
  KafkaJSGroupCoordinatorNotFound: { kind: "later", advice: "the group has no coordinator at the moment" },
  KafkaJSMetadataNotLoaded: { kind: "later", advice: "the cluster does not tell where the topic is at the moment" },
  KafkaJSTopicMetadataNotLoaded: {
    kind: "later",
    advice: "the cluster does not tell where the topic is at the moment",
  },
  KafkaJSServerDoesNotSupportApiKey: {
    kind: "refused",
    code: "BUSBAR_REFUSED",
    advice: "the server is too old or too new for the client",
  },
};

/** Failures of one record that say nothing of the others in its request. */
const ofOneRecord = new Set(["MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", "INVALID_TIMESTAMP"]);

const comingCoordinators = new Set([
  "GROUP_LOAD_IN_PROGRESS",
  "GROUP_COORDINATOR_NOT_AVAILABLE",
  "NOT_COORDINATOR_FOR_GROUP",
]);

const lostNumbers = new Set(["OUT_OF_ORDER_SEQUENCE_NUMBER", "UNKNOWN_PRODUCER_ID", "INVALID_PRODUCER_EPOCH"]);

/** The group has moved on: not a failure, the client joins again. */
const rebalances = new Set(["REBALANCE_IN_PROGRESS", "ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID"]);

/**
 * Says what a client's error means, as a `BusError`; one that is a `BusError` already comes back as it is. Pure. The message
 * holds what failed and what to do, and no secret: nothing of the options is ever in it.
 */
export function classify(cause: unknown, call: FailedCall): BusError {
  // Within what a client made of it too: what gives tokens has failed, for example.
  for (const error of chain(cause)) if (BusError.is(error)) return error;
  const details = { broker: "kafka", topic: call.topic, cause };
  const verdict = verdictOf(cause);
  if (verdict === undefined) {
    if (isAbort(cause)) return new CanceledError(`${call.doing} was canceled.`, details);
    return new ConnectionError(`${call.doing} failed: ${reason(cause)}.`, { ...details, ...outcome(call) });
  }
  const message = `${call.doing} failed: ${verdict.advice} (${reason(cause)}).`;
  if (verdict.kind === "refused") return new RefusedError(message, { ...details, code: verdict.code });
  return new ConnectionError(message, { ...details, ...(verdict.kind === "unknown" ? outcome(call) : {}) });
}

/** The error of a publish that waited behind one that failed: it was not sent, and may be sent again. */
export function notSent(first: BusError, topic: string): BusError {
  return new ConnectionError(
    `Publishing to "${topic}" did not begin, because an earlier message to it failed: ${first.message}`,
    {
      broker: "kafka",
      topic,
      cause: first,
    },
  );
}

/** The error of a publish to a topic that was gone for a moment, or is to be made again: it was not written, and may be sent again. */
export function topicIsBack(topic: string, cause: unknown): BusError {
  return new BusError(
    "BUSBAR_NOT_FOUND",
    `Publishing to "${topic}" failed: the topic was deleted, or just made. Sent again it may be there.`,
    true,
    {
      broker: "kafka",
      topic,
      cause,
    },
  );
}

/** The error for whoever comes after `close`. */
export function closedError(what: string): BusError {
  return new ClosedError(`${what} is closed.`, { broker: "kafka" });
}

/** The error for what took longer than its bound. */
export function tookTooLong(doing: string, boundMs: number, topic?: string): BusError {
  return new TimeoutError(`${doing} took longer than ${boundMs} ms.`, { broker: "kafka", topic });
}

/** Tells whether the failure is one of a single record, so that the others of its request may be right. */
export function concernsOneRecord(cause: unknown): boolean {
  return ofOneRecord.has(typeOf(cause) ?? "");
}

/** Tells whether the topic is gone, so that what is known of it is wrong. */
export function topicIsGone(cause: unknown): boolean {
  return typeOf(cause) === "UNKNOWN_TOPIC_OR_PARTITION";
}

/** Tells whether the cluster does not know an idempotent producer any more, or what it wrote last. */
export function numbersAreLost(cause: unknown): boolean {
  return lostNumbers.has(typeOf(cause) ?? "");
}

/** Tells whether another producer has taken the name of this one. */
export function isFenced(cause: unknown): boolean {
  return typeOf(cause) === "INVALID_PRODUCER_EPOCH" || typeOf(cause) === "PRODUCER_FENCED";
}

/** Tells whether the group has no coordinator that knows it yet, as for a while after a broker has started. */
export function coordinatorIsComing(cause: unknown): boolean {
  return comingCoordinators.has(typeOf(cause) ?? "");
}

/** Tells whether a call failed only because the group has moved on. */
export function isRebalance(cause: unknown): boolean {
  return rebalances.has(typeOf(cause) ?? "");
}

/** Looks from the outermost error inwards: the client wraps what failed in "gave up" and "not retriable". */
function verdictOf(cause: unknown): Verdict | undefined {
  for (const error of chain(cause)) {
    const verdict = own(byType, error["type"]) ?? ofSocket(error["code"]) ?? ofKey(error) ?? own(byName, error["name"]);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

function typeOf(cause: unknown): string | undefined {
  for (const error of chain(cause)) if (typeof error["type"] === "string") return error["type"];
  return undefined;
}

function* chain(cause: unknown): Generator<Readonly<Record<string, unknown>>> {
  let error = cause;
  for (let depth = 0; depth < 8 && typeof error === "object" && error !== null; depth++) {
    const fields = error as Readonly<Record<string, unknown>>;
    yield fields;
    // Several topics or groups can fail in one answer; of each question this adapter asks there is one.
    const several = fields["errors"] ?? fields["groups"];
    const [first] = Array.isArray(several) ? (several as unknown[]) : [];
    error = first ?? fields["cause"] ?? fields["error"] ?? fields["originalError"];
  }
}

function ofSocket(code: unknown): Verdict | undefined {
  if (typeof code !== "string") return undefined;
  if (/^ERR_SSL_.*_ALERT_/.test(code)) {
    return {
      kind: "refused",
      code: "BUSBAR_REFUSED",
      advice: "the server refused to be encrypted with; check tls.cert and tls.key, which it may want to see",
    };
  }
  if (/^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/.test(code)) {
    return {
      kind: "refused",
      code: "BUSBAR_REFUSED",
      advice: "the server's certificate is not trusted; check tls.ca and tls.servername",
    };
  }
  return /^E[A-Z]+$/.test(code) ? { kind: "unknown", advice: lost } : undefined;
}

/** What OpenSSL says of a certificate or key of ours: kafkajs passes on the text and leaves out the code. */
function ofKey({ code, message }: Readonly<Record<string, unknown>>): Verdict | undefined {
  const isOurs =
    (typeof code === "string" && code.startsWith("ERR_OSSL_")) ||
    (typeof message === "string" && /^Failed to connect: error:[0-9A-F]{8}:/.test(message));
  if (!isOurs) return undefined;
  return {
    kind: "refused",
    code: "BUSBAR_REFUSED",
    advice: "a certificate or key in tls cannot be read, or they do not belong together; check tls.passphrase too",
  };
}

function own(table: Readonly<Record<string, Verdict>>, key: unknown): Verdict | undefined {
  return typeof key === "string" && Object.hasOwn(table, key) ? table[key] : undefined;
}

function outcome(call: FailedCall): { code?: "BUSBAR_OUTCOME_UNKNOWN" } {
  return call.sent === true ? { code: "BUSBAR_OUTCOME_UNKNOWN" } : {};
}

function isAbort(cause: unknown): boolean {
  return typeof cause === "object" && cause !== null && (cause as { name?: unknown }).name === "AbortError";
}

function reason(cause: unknown): string {
  let text = String(cause);
  for (const error of chain(cause)) {
    if (typeof error["type"] === "string") return error["type"];
    if (typeof error["message"] === "string" && error["message"] !== "") text = error["message"];
  }
  return text.replace(/\.$/, "");
}
