import { BusError, ClosedError } from "@busbar/core/driver";
import { describe, expect, it } from "vitest";
import {
  classify,
  concernsOneRecord,
  coordinatorIsComing,
  isFenced,
  isRebalance,
  numbersAreLost,
  topicIsGone,
} from "../../src/classify.ts";

interface Shape {
  readonly name: string;
  readonly message: string;
  readonly type?: string;
  readonly code?: number | string;
  readonly retriable?: boolean;
  readonly cause?: Shape;
  readonly errors?: readonly Shape[];
  readonly groups?: readonly { readonly groupId: string; readonly errorCode: number; readonly error: Shape }[];
}

const gaveUp = (cause: Shape): Shape => ({
  name: "KafkaJSNumberOfRetriesExceeded",
  message: cause.message,
  retriable: false,
  cause,
});
const protocol = (type: string, code: number, message: string, retriable = false): Shape => ({
  name: "KafkaJSProtocolError",
  message,
  type,
  code,
  retriable,
});
const connection = (message: string, code?: string): Shape => ({
  name: "KafkaJSConnectionError",
  message,
  retriable: true,
  ...(code === undefined ? {} : { code }),
});
const creation = (type: string, code: number, message: string): Shape => ({
  name: "KafkaJSAggregateError",
  message: "Topic creation errors",
  errors: [{ ...protocol(type, code, message), name: "KafkaJSCreateTopicError" }],
});

/** As kafkajs 2.2.4 threw them against Apache Kafka 3.9.1. */
const captured: readonly (readonly [what: string, error: Shape, code: string, retryable: boolean])[] = [
  [
    "a wrong password",
    {
      name: "KafkaJSSASLAuthenticationError",
      message: "SASL PLAIN authentication failed: Authentication failed: Invalid username or password",
      retriable: false,
    },
    "BUSBAR_AUTHENTICATION",
    false,
  ],
  [
    "a mechanism that is off",
    protocol("UNSUPPORTED_SASL_MECHANISM", 33, "The broker does not support the requested SASL mechanism"),
    "BUSBAR_AUTHENTICATION",
    false,
  ],
  [
    "nobody listening",
    gaveUp(connection("Connection error: connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED")),
    "BUSBAR_CONNECTION",
    true,
  ],
  [
    "a host that is not there",
    gaveUp(connection("Connection error: getaddrinfo ENOTFOUND no-such-host.invalid", "ENOTFOUND")),
    "BUSBAR_CONNECTION",
    true,
  ],
  [
    "a certificate of nobody",
    gaveUp(connection("Connection error: self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT")),
    "BUSBAR_REFUSED",
    false,
  ],
  [
    "a key that its passphrase does not open",
    gaveUp(connection("Failed to connect: error:1C800064:Provider routines::bad decrypt")),
    "BUSBAR_REFUSED",
    false,
  ],
  [
    "TLS to a plain port",
    gaveUp(
      connection(
        "Connection error: Client network socket disconnected before secure TLS connection was established",
        "ECONNRESET",
      ),
    ),
    "BUSBAR_CONNECTION",
    true,
  ],
  [
    "plain to a TLS port",
    gaveUp({ name: "KafkaJSConnectionClosedError", message: "Closed connection", retriable: true }),
    "BUSBAR_CONNECTION",
    true,
  ],
  [
    "no answer",
    { name: "KafkaJSRequestTimeoutError", message: "Request Produce(key: 0, version: 7) timed out", retriable: true },
    "BUSBAR_CONNECTION",
    true,
  ],
  [
    "a topic that is not there",
    gaveUp(protocol("UNKNOWN_TOPIC_OR_PARTITION", 3, "This server does not host this topic-partition", true)),
    "BUSBAR_NOT_FOUND",
    false,
  ],
  [
    "a message that is too large",
    protocol(
      "MESSAGE_TOO_LARGE",
      10,
      "The request included a message larger than the max message size the server will accept",
    ),
    "BUSBAR_TOO_LARGE",
    false,
  ],
  [
    "no key on a compacted topic",
    protocol("INVALID_RECORD", 87, "This record has failed the validation on broker and hence be rejected"),
    "BUSBAR_REFUSED",
    false,
  ],
  [
    "a time long ago",
    protocol("INVALID_TIMESTAMP", 32, "The timestamp of the message is out of acceptable range"),
    "BUSBAR_REFUSED",
    false,
  ],
  [
    "a name that collides",
    creation("INVALID_TOPIC_EXCEPTION", 17, "The request attempted to perform an operation on an invalid topic"),
    "BUSBAR_REFUSED",
    false,
  ],
  [
    "more replicas than brokers",
    creation("INVALID_REPLICATION_FACTOR", 38, "Replication-factor is invalid"),
    "BUSBAR_REFUSED",
    false,
  ],
  ["a setting that is none", creation("INVALID_CONFIG", 40, "Configuration is invalid"), "BUSBAR_REFUSED", false],
  [
    "no coordinator yet",
    { name: "KafkaJSGroupCoordinatorNotFound", message: "Failed to find group coordinator", retriable: false },
    "BUSBAR_CONNECTION",
    true,
  ],
  [
    "a group with members",
    {
      name: "KafkaJSDeleteGroupsError",
      message: "Error in DeleteGroups",
      groups: [{ groupId: "g", errorCode: 68, error: protocol("NON_EMPTY_GROUP", 68, "The group is not empty") }],
    },
    "BUSBAR_REFUSED",
    false,
  ],
];

const thrown = (shape: Shape): Error => Object.assign(new Error(shape.message), shape);

describe("what the client says", () => {
  it.each(captured)("of %s", (_what, error, code, retryable) => {
    const said = classify(thrown(error), { doing: 'Publishing to "a.b"', topic: "a.b" });
    expect(said).toMatchObject({ code, retryable, broker: "kafka", topic: "a.b" });
    expect(said.message).toMatch(/^Publishing to "a\.b" failed: /);
    expect(said.cause).toBeInstanceOf(Error);
  });

  it("leaves open what became of a message that had been sent, where that is so", () => {
    const sent = { doing: "Publishing", sent: true };
    expect(classify(thrown(connection("gone", "ECONNRESET")), sent)).toMatchObject({
      code: "BUSBAR_OUTCOME_UNKNOWN",
      retryable: true,
    });
    expect(classify(thrown(protocol("REQUEST_TIMED_OUT", 7, "late", true)), sent)).toMatchObject({
      code: "BUSBAR_OUTCOME_UNKNOWN",
      retryable: true,
    });
    expect(classify(thrown(protocol("NOT_ENOUGH_REPLICAS", 19, "few", true)), sent)).toMatchObject({
      code: "BUSBAR_CONNECTION",
      retryable: true,
    });
    expect(classify(new TypeError("inside the client"), sent)).toMatchObject({
      code: "BUSBAR_OUTCOME_UNKNOWN",
      retryable: true,
    });
  });

  it("is not said twice", () => {
    const closed = new ClosedError("closed");
    expect(classify(closed, { doing: "x" })).toBe(closed);
  });

  it("is an error of the bus for whatever is thrown", () => {
    for (const odd of [undefined, null, 7, "text", {}, { cause: 1 }, { errors: [] }, { groups: [{}] }])
      expect(BusError.is(classify(odd, { doing: "x" }))).toBe(true);
  });

  it("tells a producer that is followed by another from one that lost count", () => {
    expect(isFenced({ type: "INVALID_PRODUCER_EPOCH" })).toBe(true);
    expect(isFenced({ type: "OUT_OF_ORDER_SEQUENCE_NUMBER" })).toBe(false);
    expect(numbersAreLost({ type: "OUT_OF_ORDER_SEQUENCE_NUMBER" })).toBe(true);
    expect(numbersAreLost({ type: "NOT_LEADER_FOR_PARTITION" })).toBe(false);
  });

  it("tells failures of one record, of a topic and of a group apart", () => {
    expect(concernsOneRecord(thrown(protocol("INVALID_RECORD", 87, "")))).toBe(true);
    expect(concernsOneRecord(thrown(protocol("TOPIC_AUTHORIZATION_FAILED", 29, "")))).toBe(false);
    expect(topicIsGone(thrown(gaveUp(protocol("UNKNOWN_TOPIC_OR_PARTITION", 3, ""))))).toBe(true);
    expect(isRebalance(thrown(protocol("ILLEGAL_GENERATION", 22, "")))).toBe(true);
    expect(isRebalance(thrown(connection("")))).toBe(false);
    expect(coordinatorIsComing(thrown(protocol("GROUP_LOAD_IN_PROGRESS", 14, "", true)))).toBe(true);
    expect(coordinatorIsComing(thrown(connection("")))).toBe(false);
  });
});
