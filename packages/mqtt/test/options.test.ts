import { describe, expect, it } from "vitest";
import { adapter, mqtt } from "@busbar/mqtt";
import type { ConfigError } from "@busbar/core/driver";
import { parseOptions } from "../src/options.ts";

function problemsOf(options: object): readonly string[] {
  try {
    adapter.create(options as never);
  } catch (error) {
    expect(error).toMatchObject({ code: "BUSBAR_CONFIG", retryable: false });
    return (error as ConfigError).problems;
  }
  return [];
}

describe("options", () => {
  it("have defaults", () => {
    expect(parseOptions({ url: "mqtt://host" })).toEqual({
      scheme: "mqtt",
      servers: [{ host: "host", port: 1883 }],
      path: "/",
      username: undefined,
      password: undefined,
      tls: {},
      clientName: "busbar",
      connectTimeoutMs: 10_000,
      protocolVersion: 5,
      keepaliveSeconds: 15,
      sessionExpirySeconds: 3600,
    });
  });

  it.each([
    ["mqtt://h", 1883],
    ["mqtts://h", 8883],
    ["ws://h", 80],
    ["wss://h", 443],
  ])("%s means port %d", (url, port) => {
    expect(parseOptions({ url }).servers).toEqual([{ host: "h", port }]);
  });

  it("take several servers, IPv6, a WebSocket path and a user", () => {
    expect(parseOptions({ url: "ws://us%40r:p%3As:s@[::1]:9001,two/mqtt?x=1" })).toMatchObject({
      servers: [
        { host: "[::1]", port: 9001 },
        { host: "two", port: 80 },
      ],
      path: "/mqtt?x=1",
      username: "us@r",
      password: "p:s:s",
    });
  });

  it("prefer credentials to the user in the URL", () => {
    const options = { url: "mqtt://a:b@h", credentials: { username: "c", password: "d" } };
    expect(parseOptions(options)).toMatchObject({ username: "c", password: "d" });
  });

  it("are all checked at once", () => {
    const problems = problemsOf({
      url: "mqtt://h",
      clientNam: "x",
      credentials: { user: "x", token: "secret" },
      tls: {},
      connectTimeoutMs: 0,
      native: { protocolVersion: 3, keepaliveSecond: 1, sessionExpirySeconds: -1 },
    });
    expect(problems.map((problem) => problem.slice(0, 30))).toEqual([
      'unknown key "clientNam"; did y',
      'credentials: unknown key "user',
      'native: unknown key "keepalive',
      "credentials.token: MQTT has no",
      'tls: "mqtt:" is not encrypted;',
      "native.protocolVersion: must b",
      "native.sessionExpirySeconds: m",
      "connectTimeoutMs: must be a wh",
    ]);
    expect(problems.join()).not.toContain("secret");
  });

  it.each([
    "",
    "host:1883",
    "http://h",
    "mqtt://h:0",
    "mqtt://h:99999",
    "mqtt://h/path",
    "mqtt://a b",
    "mqtt://u:%zz@h",
    "mqtt://,",
    7,
  ])("refuse the URL %j", (url) => {
    expect(problemsOf({ url })).toHaveLength(1);
  });

  it("never show a password", () => {
    for (const url of [
      "mqtt://me:hunter2@h/x",
      "mqtt://me:hunter2%zz@h",
      "mqtx://me:hunter2@h",
      "mqtt://me:hunter2@h:x",
    ]) {
      expect(problemsOf({ url }).join()).not.toMatch(/hunter2|me:/);
    }
  });

  it("are never changed", () => {
    const options = Object.freeze({
      url: "mqtt://h",
      native: Object.freeze({ protocolVersion: 4 as const }),
      tls: undefined,
    });
    expect(mqtt(options).name).toBe("mqtt");
    expect(adapter).toMatchObject({ name: "mqtt", schemes: ["mqtt", "mqtts", "ws", "wss"] });
  });
});
