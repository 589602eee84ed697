import { nkeys } from "@nats-io/nats-core";
import { describe, expect, it } from "vitest";
import { adapter, nats } from "../src/index.ts";
import { natsSettings } from "../src/options.ts";
import type { NatsOptions } from "../src/options.ts";
import { Operator } from "./operator.ts";

function problemsOf(options: object): readonly string[] {
  try {
    natsSettings(options as NatsOptions);
  } catch (error) {
    return (error as { problems: readonly string[] }).problems;
  }
  return [];
}

describe("options", () => {
  it("take several servers and their default port", () => {
    expect(natsSettings({ url: "nats://one,two:4223,[::1]" }).servers).toEqual(["one:4222", "two:4223", "[::1]:4222"]);
  });

  it("take user and password, or a token, out of the URL", () => {
    expect(natsSettings({ url: "nats://us%65r:p%40ss@one" }).credentials).toEqual({
      username: "user",
      password: "p@ss",
    });
    expect(natsSettings({ url: "nats://t0ken@one" }).credentials).toEqual({ token: "t0ken" });
    expect(natsSettings({ url: "nats://a:b@one", credentials: { token: "t" } }).credentials).toEqual({ token: "t" });
  });

  it("encrypt with natss, or when tls is given", () => {
    expect(natsSettings({ url: "nats://one" }).tls).toBeUndefined();
    expect(natsSettings({ url: "natss://one" }).tls).toEqual({});
    expect(natsSettings({ url: "natss://127.0.0.1" }).tls).toEqual({ host: "127.0.0.1" });
    expect(natsSettings({ url: "nats://one", tls: { ca: "pem" } }).tls).toEqual({ ca: "pem" });
  });

  it("list every problem at once, and no secret", () => {
    const problems = problemsOf({
      url: "nats://user:s3cret@one/path",
      clientNam: "x",
      credentials: { token: "s3cret", username: "u" },
      tls: { caFile: "x" },
      topology: "make",
      connectTimeoutMs: 0,
      native: {
        stream: [],
        ackWaitMs: 5,
        replicas: 9,
        retention: "always",
        dedupeById: "yes",
        maxBytes: 0,
        maxAgeMs: -1,
        pingIntervalMs: 1,
        inboxPrefix: "a.*",
        domain: "x y",
        streams: [""],
      },
    });
    expect(problems).toHaveLength(17);
    expect(problems.join("\n")).toContain('did you mean "clientName"?');
    expect(problems.join("\n")).toContain('did you mean "streams"?');
    expect(problems.join("\n")).not.toContain("s3cret");
  });

  it("take one way to prove who one is", () => {
    const seed = new TextDecoder().decode(nkeys.createUser().getSeed());
    const creds = new Operator().credentials();
    for (const native of [{ nkeySeed: seed }, { creds }, { credsFile: "./user.creds" }]) {
      expect(natsSettings({ url: "nats://one", native }).identity).toMatchObject(native);
      expect(problemsOf({ url: "nats://a:b@one", native })).toEqual([
        "credentials: give these or native.nkeySeed, native.creds or native.credsFile, not both",
      ]);
    }
    expect(problemsOf({ url: "nats://one", native: { nkeySeed: seed, creds } })).toHaveLength(1);
    const account = new TextDecoder().decode(nkeys.createAccount().getSeed());
    for (const nkeySeed of [account, seed.slice(0, -1), "SUs3cret", 5]) {
      const problems = problemsOf({ url: "nats://one", native: { nkeySeed } });
      expect(problems).toEqual(["native.nkeySeed: must be the seed of a user's nkey, which begins with SU"]);
    }
    for (const wrong of [{ creds: seed }, { creds: "" }, { credsFile: "" }])
      expect(problemsOf({ url: "nats://one", native: wrong })).toHaveLength(1);
  });

  it.each(["http://one", "nats://", "nats://a:b", "one:4222", "nats://one?x=1", "nats://%zz:x@one", undefined])(
    "refuse the URL %s",
    (url) => {
      expect(problemsOf({ url })).toHaveLength(1);
    },
  );

  it("are never changed", () => {
    const options = Object.freeze({
      url: "nats://one",
      native: Object.freeze({ streams: Object.freeze(["a"]) as string[] }),
    });
    expect(nats(options)).not.toBe(nats(options));
  });

  it("are an adapter's too", () => {
    expect(adapter).toMatchObject({ name: "nats", schemes: ["nats", "natss"] });
    expect(() => adapter.create({ url: "nats://one", native: { strems: [] } })).toThrow(
      /unknown key "strems"; did you mean "streams"\?/,
    );
  });
});
