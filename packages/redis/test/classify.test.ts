import { BusError } from "@busbar/core/driver";
import { describe, expect, it } from "vitest";
import { classify } from "../src/classify.ts";

/** What @redis/client 6.3.1 and Redis 7.0 say. */
const table: readonly (readonly [when: string, error: object, code: string, retryable: boolean])[] = [
  [
    "the password is wrong",
    { message: "WRONGPASS invalid username-password pair or user is disabled." },
    "BUSBAR_AUTHENTICATION",
    false,
  ],
  ["there is no password", { message: "NOAUTH Authentication required." }, "BUSBAR_AUTHENTICATION", false],
  [
    "the user may not",
    { message: "NOPERM this user has no permissions to run the 'xadd' command" },
    "BUSBAR_REFUSED",
    false,
  ],
  ["memory is full", { message: "OOM command not allowed when used memory > 'maxmemory'." }, "BUSBAR_CAPACITY", true],
  ["it reads its files", { message: "LOADING Redis is loading the dataset in memory" }, "BUSBAR_CONNECTION", true],
  ["it is a replica", { message: "READONLY You can't write against a read only replica." }, "BUSBAR_CONNECTION", true],
  [
    "its disk is full",
    { message: "MISCONF Redis is configured to save RDB snapshots, but …" },
    "BUSBAR_CONNECTION",
    true,
  ],
  ["it is a cluster", { message: "MOVED 3999 127.0.0.1:6381" }, "BUSBAR_REFUSED", false],
  [
    "the key is no stream",
    { message: "WRONGTYPE Operation against a key holding the wrong kind of value" },
    "BUSBAR_REFUSED",
    false,
  ],
  ["the group is gone", { message: "NOGROUP No such key 'busbar:a' or consumer group 'g'" }, "BUSBAR_NOT_FOUND", false],
  ["the message is too large", { message: "ERR Protocol error: invalid bulk length" }, "BUSBAR_TOO_LARGE", false],
  ["there is no such database", { message: "ERR DB index is out of range" }, "BUSBAR_NOT_FOUND", false],
  ["the command is unknown", { message: "ERR unknown command 'XADD'" }, "BUSBAR_REFUSED", false],
  ["nobody listens", { message: "connect ECONNREFUSED 127.0.0.1:1", code: "ECONNREFUSED" }, "BUSBAR_CONNECTION", true],
  ["the server is silent", { message: "Connection timeout" }, "BUSBAR_CONNECTION", true],
  ["the socket closed", { message: "Socket closed unexpectedly" }, "BUSBAR_CONNECTION", true],
  ["the socket was reset", { message: "read ECONNRESET", code: "ECONNRESET" }, "BUSBAR_CONNECTION", true],
  [
    "the certificate is unknown",
    { message: "self-signed certificate", code: "DEPTH_ZERO_SELF_SIGNED_CERT" },
    "BUSBAR_REFUSED",
    false,
  ],
  ["nobody knows", { message: "something else" }, "BUSBAR_CONNECTION", true],
];

describe("classify", () => {
  it.each(table)("when %s", (_, error, code, retryable) => {
    expect(classify(error, { what: "It failed" })).toMatchObject({ code, retryable, broker: "redis", cause: error });
  });

  it("does not know whether a message arrived that was sent over a connection that is lost", () => {
    const error = classify(new Error("Socket closed unexpectedly"), { what: "It failed", sent: true });
    expect(error).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
  });

  it("leaves an error of the bus alone", () => {
    const error = new BusError("BUSBAR_CLOSED", "closed", false);
    expect(classify(error, { what: "It failed" })).toBe(error);
  });
});
