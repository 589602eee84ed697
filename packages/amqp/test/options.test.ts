import type { AdapterOptions } from "@busbar/core/contract";
import { ConfigError } from "@busbar/core/driver";
import { describe, expect, it } from "vitest";
import { adapter, amqp } from "../src/index.ts";
import { amqpSettings } from "../src/options.ts";

function problemsOf(options: unknown): readonly string[] {
  try {
    adapter.create(options as AdapterOptions<Readonly<Record<string, unknown>>>);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
  return [];
}

describe("options", () => {
  it("fills in the defaults", () => {
    expect(amqpSettings({ url: "amqp://localhost" })).toEqual({
      protocol: "amqp",
      hosts: [{ hostname: "localhost", port: 5672 }],
      virtualHost: "/",
      username: "guest",
      password: "guest",
      tls: {},
      clientName: "busbar",
      consumerTimeoutMs: 1_800_000,
      connectTimeoutMs: 10_000,
      topology: "create",
      exchange: "amq.topic",
      exchangeType: undefined,
      queueType: "quorum",
      maxPriority: undefined,
      maxLength: undefined,
      queues: [],
      streams: [],
      directReplyTo: false,
      saslMechanism: "plain",
      heartbeatSeconds: 10,
    });
  });

  it("reads several hosts, user, password and virtual host from the URL", () => {
    expect(amqpSettings({ url: "amqps://us%40er:p%3Aw%2F@one,two:1234,[::1]:99/my%2Fhost" })).toMatchObject({
      protocol: "amqps",
      hosts: [
        { hostname: "one", port: 5671 },
        { hostname: "two", port: 1234 },
        { hostname: "::1", port: 99 },
      ],
      username: "us@er",
      password: "p:w/",
      virtualHost: "my/host",
    });
  });

  it("prefers credentials to the URL", () => {
    expect(amqpSettings({ url: "amqp://a:b@h", credentials: { username: "c", password: "d" } })).toMatchObject({
      username: "c",
      password: "d",
    });
  });

  it("lists every problem at once, with the nearest known name", () => {
    const problems = problemsOf({
      url: "mqtt://h",
      clientNam: "x",
      connectTimeoutMs: -1,
      topology: "maybe",
      credentials: { token: "t" },
      tls: { cert: "x", key: "y", cipher: "z" },
      native: { exchnage: "e", queueType: "stream", heartbeatMs: 0 },
    });
    expect(problems.join("\n")).toMatch(/clientNam.*"clientName"/);
    expect(problems.join("\n")).toMatch(/exchnage.*"exchange"/);
    expect(problems).toHaveLength(9);
  });

  it("refuses native options that cannot be kept, each with what to do", () => {
    const filter = "a.{room}";
    const problems = problemsOf({
      url: "amqp://h",
      native: {
        exchange: "x".repeat(221),
        exchangeType: "x-random",
        maxPriority: 10,
        maxLength: 0,
        consumerTimeoutMs: 0,
        queues: [
          { filter, group: "g", queue: "q", topic: "b.kitchen" },
          { filter: "a.*", group: "g", queue: "other" },
          { filter: "", queue: "", gruop: "g" },
        ],
        streams: [{ filter: "", queue: 7, maxAgeMs: -1, maxBytes: 0.5, name: "s" }],
      },
    });
    expect(problems).toEqual([
      expect.stringMatching(/exchange: .* 220 bytes/),
      expect.stringMatching(/exchangeType: .*"direct"/),
      expect.stringMatching(/maxPriority: .*"classic"/),
      expect.stringMatching(/maxLength: /),
      expect.stringMatching(/consumerTimeoutMs: /),
      expect.stringMatching(/queues\[0\].topic: .*"a.{room}"/),
      expect.stringMatching(/queues\[1\]: .* has a queue already/),
      expect.stringMatching(/queues\[2\].*"group"/),
      expect.stringMatching(/queues\[2\].filter/),
      expect.stringMatching(/queues\[2\].queue/),
      expect.stringMatching(/streams\[0\].*"name"/),
      expect.stringMatching(/streams\[0\].filter/),
      expect.stringMatching(/streams\[0\].queue/),
      expect.stringMatching(/streams\[0\].maxAgeMs/),
      expect.stringMatching(/streams\[0\].maxBytes/),
    ]);
    expect(problemsOf({ url: "amqp://h", native: { queueType: "classic", maxPriority: 256 } })).toHaveLength(1);
    expect(problemsOf({ url: "amqp://h", native: { queues: {}, streams: {}, directReplyTo: 1 } })).toHaveLength(3);
  });

  it("takes a certificate or a password to prove who it is, not half of one and not both", () => {
    const native = { saslMechanism: "external" };
    const tls = { cert: "c", key: "k" };
    expect(problemsOf({ url: "amqps://h", native })).toEqual([expect.stringContaining("tls.cert and tls.key")]);
    for (const more of [{ url: "amqps://me:secret@h" }, { url: "amqps://h", credentials: { username: "me" } }])
      expect(problemsOf({ ...more, native, tls })).toEqual([expect.stringContaining("no user name and password")]);
    expect(problemsOf({ url: "amqps://h", native: { saslMechanism: "scram" } })).toHaveLength(1);
    expect(amqpSettings({ url: "amqps://h", native, tls })).toMatchObject({ saslMechanism: "external" });
  });

  it("refuses TLS options for a URL without TLS", () => {
    expect(problemsOf({ url: "amqp://h", tls: { ca: "x" } })).toEqual([expect.stringContaining("amqps:")]);
  });

  it.each([
    "amqp://user:s3cret@",
    "amqp://user:s3cret@h:99999",
    "amqp://user:s3cret%zz@h",
    "amqp://user:s3cret@h?x=s3cret",
  ])("quotes no password in a problem with %s", (url) => {
    const problems = problemsOf({ url });
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toContain("s3cret");
  });

  it("changes no options, so that two brokers come from one frozen object", () => {
    const options = Object.freeze({
      url: "amqp://h",
      native: Object.freeze({ exchange: "e" }),
      credentials: Object.freeze({ username: "u" }),
    });
    expect([amqp(options).name, amqp(options).name]).toEqual(["amqp", "amqp"]);
  });
});
