import { BusError } from "@busbar/core/driver";
import { describe, expect, it } from "vitest";
import { classify, isToBlame, maxBodyBytesIn } from "../src/classify.ts";

/** What amqplib 2.3.1 threw, or told, in front of RabbitMQ 3.10.8; taken down as it was. */
const captured: readonly {
  readonly when: string;
  readonly error: { readonly message: string; readonly code?: number | string };
  readonly code: string;
  readonly retryable: boolean;
}[] = [
  {
    when: "the password is wrong",
    error: {
      message:
        'Handshake terminated by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile."',
    },
    code: "BUSBAR_AUTHENTICATION",
    retryable: false,
  },
  {
    when: "there is no such virtual host",
    error: { message: "Expected ConnectionOpenOk; got <ConnectionClose channel:0>" },
    code: "BUSBAR_NOT_FOUND",
    retryable: false,
  },
  {
    when: "nobody listens",
    error: { message: "connect ECONNREFUSED 127.0.0.1:1", code: "ECONNREFUSED" },
    code: "BUSBAR_CONNECTION",
    retryable: true,
  },
  {
    when: "the host is unknown",
    error: { message: "getaddrinfo ENOTFOUND nohost.invalid", code: "ENOTFOUND" },
    code: "BUSBAR_CONNECTION",
    retryable: true,
  },
  { when: "the server is silent", error: { message: "connect ETIMEDOUT" }, code: "BUSBAR_CONNECTION", retryable: true },
  {
    when: "the server hangs up",
    error: { message: "Socket closed abruptly during opening handshake" },
    code: "BUSBAR_CONNECTION",
    retryable: true,
  },
  {
    when: "it is a web server",
    error: { message: "Frame size 1345270062 exceeds maxFrameSize 67108864" },
    code: "BUSBAR_REFUSED",
    retryable: false,
  },
  {
    when: "it speaks no TLS",
    error: {
      message:
        "809C2F1E397F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl/x.c:350:\n",
      code: "ERR_SSL_WRONG_VERSION_NUMBER",
    },
    code: "BUSBAR_REFUSED",
    retryable: false,
  },
  {
    when: "its certificate is its own",
    error: { message: "self-signed certificate", code: "DEPTH_ZERO_SELF_SIGNED_CERT" },
    code: "BUSBAR_REFUSED",
    retryable: false,
  },
  {
    when: "a queue is missing",
    error: {
      message:
        "Operation failed: QueueDeclare; 404 (NOT-FOUND) with message \"NOT_FOUND - no queue 'nonesuch' in vhost '/'\"",
      code: 404,
    },
    code: "BUSBAR_NOT_FOUND",
    retryable: false,
  },
  {
    when: "a queue has other arguments",
    error: {
      message:
        "Operation failed: QueueDeclare; 406 (PRECONDITION-FAILED) with message \"PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'exp-q' in vhost '/': received none but current is the value 'quorum' of type 'longstr'\"",
      code: 406,
    },
    code: "BUSBAR_REFUSED",
    retryable: false,
  },
  {
    when: "a name is reserved",
    error: {
      message:
        "Operation failed: QueueDeclare; 403 (ACCESS-REFUSED) with message \"ACCESS_REFUSED - queue name 'amq.foo' contains reserved prefix 'amq.*'\"",
      code: 403,
    },
    code: "BUSBAR_REFUSED",
    retryable: false,
  },
  {
    when: "somebody else has the lock",
    error: {
      message:
        "Operation failed: QueueDeclare; 405 (RESOURCE-LOCKED) with message \"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'exp-lock' in vhost '/'.\"",
      code: 405,
    },
    code: "BUSBAR_CAPACITY",
    retryable: true,
  },
  {
    when: "an acknowledgement is stale",
    error: {
      message:
        'Channel closed by server: 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - unknown delivery tag 77"',
      code: 406,
    },
    code: "BUSBAR_CONNECTION",
    retryable: true,
  },
  {
    when: "a message is too large",
    error: {
      message:
        'Channel closed by server: 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - message size 70000 is larger than configured max size 65536"',
      code: 406,
    },
    code: "BUSBAR_TOO_LARGE",
    retryable: false,
  },
  {
    when: "headers are too large",
    error: { message: "Encoded field table (headers or arguments) exceeds the 65536 byte encoding buffer" },
    code: "BUSBAR_TOO_LARGE",
    retryable: false,
  },
  {
    when: "a property is too long",
    error: { message: "Field 'messageId' is the wrong type; must be a string (up to 255 chars)" },
    code: "BUSBAR_INVALID_ARGUMENT",
    retryable: false,
  },
  { when: "a queue is full", error: { message: "message nacked" }, code: "BUSBAR_CAPACITY", retryable: true },
  { when: "the channel is gone", error: { message: "Channel closed" }, code: "BUSBAR_CONNECTION", retryable: true },
  {
    when: "an answer will not come",
    error: { message: "Channel ended, no reply will be forthcoming" },
    code: "BUSBAR_CONNECTION",
    retryable: true,
  },
  {
    when: "the connection is gone",
    error: { message: "Connection closed (Error: boom)" },
    code: "BUSBAR_CONNECTION",
    retryable: true,
  },
  {
    when: "an operator closes the connection",
    error: {
      message:
        "Connection closed: 320 (CONNECTION-FORCED) with message \"CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'\"",
      code: 320,
    },
    code: "BUSBAR_CONNECTION",
    retryable: true,
  },
  {
    when: "there is no sign of life",
    error: { message: "Heartbeat timeout" },
    code: "BUSBAR_CONNECTION",
    retryable: true,
  },
  {
    when: "the socket breaks",
    error: { message: "read ECONNRESET", code: "ECONNRESET" },
    code: "BUSBAR_CONNECTION",
    retryable: true,
  },
  {
    when: "channels run out",
    error: { message: "No channels left to allocate" },
    code: "BUSBAR_CAPACITY",
    retryable: true,
  },
  { when: "it is none of these", error: { message: "whatever" }, code: "BUSBAR_CONNECTION", retryable: true },
];

describe("classify", () => {
  it.each(captured)("says what it is when $when", ({ error, code, retryable }) => {
    const cause = Object.assign(new Error(error.message), error.code === undefined ? {} : { code: error.code });
    const found = classify(cause, { what: "Trying", topic: "a.b" });
    expect(BusError.is(found)).toBe(true);
    expect(found).toMatchObject({ code, retryable, broker: "amqp", topic: "a.b", cause });
    expect(found.message).toMatch(/^Trying: ./);
  });

  it("says that the outcome is unknown when a message was on its way", () => {
    expect(classify(new Error("channel closed"), { what: "Publishing", sent: true })).toMatchObject({
      code: "BUSBAR_OUTCOME_UNKNOWN",
      retryable: true,
    });
  });

  it("leaves an error of the bus as it is, and takes anything that was thrown", () => {
    const own = new BusError("BUSBAR_CLOSED", "x", false);
    expect(classify(own, { what: "Trying" })).toBe(own);
    for (const thrown of [undefined, null, "text", 1])
      expect(classify(thrown, { what: "Trying" }).retryable).toBe(true);
  });

  it("reads the largest size from the reason", () => {
    expect(maxBodyBytesIn(new Error("message size 70000 is larger than configured max size 65536"))).toBe(65_536);
    expect(maxBodyBytesIn(new Error("other"))).toBeUndefined();
  });

  it("blames only the publish that the reason names", () => {
    const missing = Object.assign(new Error("NOT_FOUND - no exchange 'gone' in vhost '/'"), { code: 404 });
    expect(isToBlame(missing, "gone", "a")).toBe(true);
    expect(isToBlame(missing, "", "_busbar.dlq.g")).toBe(false);
    const forbidden = Object.assign(
      new Error(
        "ACCESS_REFUSED - write access to topic 'a.b' in exchange 'amq.topic' in vhost '/' refused for user 'u'",
      ),
      { code: 403 },
    );
    expect(isToBlame(forbidden, "amq.topic", "a.b")).toBe(true);
    expect(isToBlame(forbidden, "amq.topic", "a.c")).toBe(false);
    expect(isToBlame(new Error("channel closed"), "amq.topic", "a.b")).toBe(false);
  });
});
