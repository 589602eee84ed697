import { describe, expect, it } from "vitest";
import { adapter, mqtt } from "@busbar/mqtt";
import type { MqttOptions } from "@busbar/mqtt";
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
      topology: "create",
      protocolVersion: 5,
      envelope: false,
      keepaliveSeconds: 15,
      sessionExpirySeconds: 3600,
      qos: 1,
      weakerQos: "refuse",
      authentication: undefined,
      alpn: undefined,
      lastValues: "new",
      retainAsPublished: false,
      emptyRetained: "refuse",
      topicAliases: false,
      noLocal: false,
      will: undefined,
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

  it.each([
    [null, /must be an object/],
    [{ topic: "a.*" }, /native\.will\.topic: has a wildcard/],
    [{ topic: "a", payloads: 1 }, /native\.will: unknown key "payloads"/],
    [{ topic: "a", payload: () => 1 }, /payload: cannot be written/],
    [{ topic: "a", delivery: "twice" }, /delivery: must be/],
    [{ topic: "a", retain: 1 }, /retain: must be/],
    [{ topic: "a", delayMs: -1 }, /delayMs: must be/],
  ])("refuse the last will %j", (will, problem) => {
    const problems = problemsOf({ url: "mqtt://h", native: { will } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });

  it("refuse a quality of service that is none, and say what QoS 0 is", () => {
    const native = { qos: 0, weakerQos: "warn" };
    expect(problemsOf({ url: "mqtt://h", native })).toEqual([
      expect.stringContaining("at-most-once"),
      expect.stringContaining("native.weakerQos"),
    ]);
  });

  it.each([
    ["mqtts", [], /must be a list/],
    ["mqtts", ["mqtt", ""], /must be a list/],
    ["mqtts", "mqtt", /must be a list/],
    ["wss", ["mqtt"], /goes with "mqtts:"/],
  ])("refuse for %s the protocols %j", (scheme, alpn, problem) => {
    expect(problemsOf({ url: `${scheme}://h`, native: { alpn } })).toEqual([expect.stringMatching(problem)]);
  });

  it("refuse what MQTT 3.1.1 does not know, and words that mean nothing", () => {
    const unknown = { retainAsPublished: true, topicAliases: true, noLocal: true };
    const native = { protocolVersion: 4, lastValues: "new", ...unknown };
    expect(problemsOf({ url: "mqtt://h", native }).map((problem) => problem.split(":")[0])).toEqual([
      "native.lastValues",
      "native.retainAsPublished",
      "native.topicAliases",
      "native.noLocal",
    ]);
    const wrong = {
      lastValues: "sometimes",
      retainAsPublished: 1,
      topicAliases: "yes",
      noLocal: "yes",
      emptyRetained: "keep",
    };
    expect(problemsOf({ url: "mqtt://h", native: wrong })).toHaveLength(5);
    expect(parseOptions({ url: "mqtt://h", native: { protocolVersion: 4 } }).lastValues).toBe("always");
  });

  it.each([
    [null, 5, [/must be an object/]],
    [{}, 5, [/method: must be/, /respond: must be a function/]],
    [{ method: "X", respond: String, begin: "now", verifies: 1 }, 5, [/unknown key "verifies"/, /begin: must be/]],
    [{ method: "X", respond: String }, 4, [/3\.1\.1 knows user name and password/]],
  ])("refuse the authentication %j on version %d", (authentication, protocolVersion, problems) => {
    const found = problemsOf({ url: "mqtt://h", native: { protocolVersion, authentication } });
    expect(found).toEqual(problems.map((problem) => expect.stringMatching(problem)));
  });

  it("refuse a client's certificate without its key, and the other way round", () => {
    for (const tls of [{ cert: "x" }, { key: "x" }])
      expect(problemsOf({ url: "mqtts://h", tls })).toEqual([expect.stringContaining("both cert and key")]);
  });

  it("refuse a last will that waits, which MQTT 3.1.1 does not know", () => {
    const native = { protocolVersion: 4, will: { topic: "a", delayMs: 1 } };
    expect(problemsOf({ url: "mqtt://h", native })).toEqual([expect.stringContaining("at once")]);
  });

  it("refuse an expiry of sessions that MQTT 3.1.1 cannot ask for, even the default one", () => {
    const native = { protocolVersion: 4, sessionExpirySeconds: 3600 };
    expect(problemsOf({ url: "mqtt://h", native })).toEqual([
      expect.stringMatching(/^native\.sessionExpirySeconds: .*at the server/),
    ]);
  });

  it("refuse an envelope where MQTT has places of its own, and one that is no answer", () => {
    expect(problemsOf({ url: "mqtt://h", native: { envelope: true } })).toEqual([
      expect.stringMatching(/^native\.envelope: .*protocolVersion to 4/),
    ]);
    expect(problemsOf({ url: "mqtt://h", native: { protocolVersion: 4, envelope: "yes" } })).toHaveLength(1);
    expect(parseOptions({ url: "mqtt://h", native: { protocolVersion: 4, envelope: true } }).envelope).toBe(true);
  });

  it.each([
    [{ url: "wss://h/mqtt", tls: { ca: "x" } }, [/^tls: a browser/]],
    [{ url: "wss://h/mqtt", tls: { rejectUnauthorized: false } }, [/^tls: a browser/]],
    [{ url: "mqtt://h" }, [/^url: a browser has no "mqtt:"/]],
    [{ url: "mqtts://h", native: { alpn: ["mqtt"] } }, [/^url: a browser has no "mqtts:"/]],
    [{ url: "wss://h", native: { alpn: ["mqtt"] } }, [/^native\.alpn/]],
  ])("refuse in a browser %j, which would do nothing there", (options, problems) => {
    const refused = expect.objectContaining({ problems: problems.map((problem) => expect.stringMatching(problem)) });
    expect(() => parseOptions(options as MqttOptions, true)).toThrow(refused);
  });

  it("take in a browser what works there", () => {
    expect(parseOptions({ url: "wss://h/mqtt" }, true)).toMatchObject({ scheme: "wss", path: "/mqtt" });
  });

  it("refuse a topology that is none", () => {
    expect(problemsOf({ url: "mqtt://h", topology: "adopt" })).toEqual([expect.stringMatching(/^topology: must be/)]);
    expect(parseOptions({ url: "mqtt://h", topology: "assume" }).topology).toBe("assume");
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
