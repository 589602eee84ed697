import { JetStreamApiError, jserrors } from "@nats-io/jetstream/internal";
import { errors } from "@nats-io/nats-core";
import { describe, expect, it } from "vitest";
import { ClosedError } from "@busbar/core/driver";
import { apiCodeOf, classify, classifyRefusal } from "../src/classify.ts";

const nodeError = (message: string, code: string): Error => Object.assign(new Error(message), { code });
const apiError = (err_code: number, code: number, description: string): Error =>
  new JetStreamApiError({ err_code, code, description });

// As they came from nats-server 2.9.10 and the client 3.3.1.
const captured: readonly (readonly [string, unknown, string, boolean])[] = [
  ["wrong password", new errors.AuthorizationError("Authorization Violation"), "BUSBAR_AUTHENTICATION", false],
  [
    "expired user",
    new errors.UserAuthenticationExpiredError("User Authentication Expired"),
    "BUSBAR_AUTHENTICATION",
    false,
  ],
  ["slow authentication", new errors.AuthorizationError("Authentication Timeout"), "BUSBAR_CONNECTION", true],
  [
    "nobody there",
    new errors.ConnectionError("connection refused", {
      cause: nodeError("connect ECONNREFUSED 127.0.0.1:9", "ECONNREFUSED"),
    }),
    "BUSBAR_CONNECTION",
    true,
  ],
  ["unknown host", nodeError("getaddrinfo ENOTFOUND no-such-host.invalid", "ENOTFOUND"), "BUSBAR_CONNECTION", true],
  ["silence", new errors.TimeoutError(), "BUSBAR_TIMEOUT", true],
  ["another protocol", new Error("unexpected response from server"), "BUSBAR_CONNECTION", true],
  ["unknown certificate", nodeError("self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT"), "BUSBAR_REFUSED", false],
  [
    "wrong name",
    nodeError(
      "Hostname/IP does not match certificate's altnames: Host: other.example.",
      "ERR_TLS_CERT_ALTNAME_INVALID",
    ),
    "BUSBAR_REFUSED",
    false,
  ],
  [
    "bad certificate",
    new errors.ConnectionError("error:0480006C:PEM routines::no start line", {
      cause: nodeError("error:0480006C:PEM routines::no start line", "ERR_OSSL_PEM_NO_START_LINE"),
    }),
    "BUSBAR_REFUSED",
    false,
  ],
  ["no encryption there", new errors.ConnectionError("server does not support 'tls'"), "BUSBAR_REFUSED", false],
  [
    "forbidden",
    new errors.PermissionViolationError('Permissions Violation for Publish to "secret.a"', "publish", "secret.a"),
    "BUSBAR_REFUSED",
    false,
  ],
  ["too large", new errors.InvalidArgumentError("'payload' max_payload size exceeded"), "BUSBAR_TOO_LARGE", false],
  ["too large for the stream", apiError(10054, 400, "message size exceeds maximum allowed"), "BUSBAR_TOO_LARGE", false],
  ["a full stream", apiError(10077, 503, "maximum bytes exceeded"), "BUSBAR_CAPACITY", true],
  ["a full disk", apiError(10047, 500, "insufficient storage resources available"), "BUSBAR_CAPACITY", true],
  ["overlap", apiError(10065, 400, "subjects overlap with an existing stream"), "BUSBAR_REFUSED", false],
  [
    "name in use",
    apiError(10058, 400, "stream name already in use with a different configuration"),
    "BUSBAR_REFUSED",
    false,
  ],
  ["replicas", apiError(10074, 500, "replicas > 1 not supported in non-clustered mode"), "BUSBAR_REFUSED", false],
  ["no leader", apiError(10008, 503, "JetStream system temporarily unavailable"), "BUSBAR_CONNECTION", true],
  [
    "no consumer",
    new jserrors.ConsumerNotFoundError({ err_code: 10014, code: 404, description: "consumer not found" }),
    "BUSBAR_NOT_FOUND",
    false,
  ],
  [
    "no stream",
    new jserrors.StreamNotFoundError({ err_code: 10059, code: 404, description: "stream not found" }),
    "BUSBAR_NOT_FOUND",
    false,
  ],
  [
    "JetStream away",
    new jserrors.JetStreamNotEnabled("jetstream is not enabled", { cause: new errors.RequestError("no responders") }),
    "BUSBAR_CONNECTION",
    true,
  ],
  [
    "no responders",
    new errors.RequestError("no responders: 'a'", { cause: new errors.NoRespondersError("a") }),
    "BUSBAR_CONNECTION",
    true,
  ],
  ["lost while asking", new errors.RequestError("connection disconnected"), "BUSBAR_CONNECTION", true],
  ["a bad subject", new errors.InvalidSubjectError("a b"), "BUSBAR_INVALID_ARGUMENT", false],
  ["something else", "text", "BUSBAR_CONNECTION", true],
];

describe("errors of the client and the server", () => {
  it.each(captured)("%s", (_, error, code, retryable) => {
    const classified = classify(error, { action: "Doing it", topic: "a.b" });
    expect(classified).toMatchObject({ code, retryable, broker: "nats", topic: "a.b", cause: error });
    expect(classified.message).toMatch(/^Doing it failed: .+; .+\.$/);
  });

  it("that are typed already stay as they are", () => {
    const closed = new ClosedError("closed");
    expect(classify(closed, { action: "Doing it" })).toBe(closed);
  });

  it("that JetStream answers a publish with are the same", () => {
    const refusal = { err_code: 10077, code: 503, description: "maximum messages exceeded" };
    expect(classifyRefusal(refusal, { action: "Publishing" })).toMatchObject({
      code: "BUSBAR_CAPACITY",
      retryable: true,
    });
    expect(classifyRefusal({}, { action: "Publishing" }).message).toContain("no reason given");
  });

  it("keep their code in JetStream's API, typed or not", () => {
    const error = apiError(10059, 404, "stream not found");
    expect(apiCodeOf(error)).toBe(10059);
    expect(apiCodeOf(classify(error, { action: "Doing it" }))).toBe(10059);
    expect(apiCodeOf(new Error("x"))).toBeUndefined();
  });
});
