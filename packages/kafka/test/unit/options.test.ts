import { ConfigError } from "@busbar/core/driver";
import { describe, expect, it } from "vitest";
import { adapter, kafka } from "../../src/index.ts";
import { checkOptions } from "../../src/options.ts";
import type { KafkaOptions } from "../../src/options.ts";

describe("options", () => {
  it("take several brokers, with the usual port", () => {
    expect(checkOptions({ url: "kafka://one,two:9093,[::1]:9094" })).toMatchObject({
      brokers: ["one:9092", "two:9093", "::1:9094"],
      secure: false,
    });
    expect(checkOptions({ url: "kafkas://one" }).secure).toBe(true);
  });

  it("take user and password from the URL, and from credentials before that", () => {
    expect(checkOptions({ url: "kafka://u%40x:p%3Aw@host" })).toMatchObject({ username: "u@x", password: "p:w" });
    expect(checkOptions({ url: "kafka://u:p@host", credentials: { username: "v", password: "q" } })).toMatchObject({
      username: "v",
      password: "q",
    });
  });

  it("report every problem at once, without any secret", () => {
    const wrong = {
      url: "kafka://user:s3cret@host:70000",
      brokerz: 1,
      tls: { caa: "x" },
      credentials: { username: "only", password: undefined, pasword: "s3cret" },
      native: {
        partition: 3,
        fetchWaitMs: 0.5,
        saslMechanism: "gssapi",
        replicationFactor: 0,
        heartbeatIntervalMs: 40_000,
      },
      topology: "maybe",
      connectTimeoutMs: -1,
    } as unknown as KafkaOptions;
    let error: unknown;
    try {
      kafka(wrong);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigError);
    const { problems, message } = error as ConfigError;
    expect(problems).toHaveLength(12);
    expect(message).toContain('did you mean "partitions"?');
    expect(message).toContain('did you mean "password"?');
    expect(message).not.toContain("s3cret");
    expect(() => kafka({ url: "kafka://user:s3cret@" })).toThrow(expect.not.stringContaining("s3cret"));
  });

  it("take one way to log in", () => {
    const oauthToken = () => "t";
    const url = "kafka://host";
    expect(() => kafka({ url: "kafka://u:p@host", native: { oauthToken } })).toThrow(/three ways/);
    expect(() => kafka({ url, credentials: { token: "t" }, native: { oauthToken } })).toThrow(/three ways/);
    expect(() => kafka({ url, native: { oauthToken: "t" as unknown as () => string } })).toThrow(/must be a function/);
  });

  it("take a server that gives tokens to a client", () => {
    const [url, tokenUrl] = ["kafka://id:secret@host", "https://issuer.test/token"];
    expect(() => kafka({ url, native: { tokenUrl, tokenScope: "kafka" } })).not.toThrow();
    expect(() => kafka({ url: "kafka://host", native: { tokenUrl } })).toThrow(/needs the client's id and secret/);
    for (const wrong of ["issuer", "ftp://issuer.test", "https://me:pw@issuer.test", 7 as unknown as string])
      expect(() => kafka({ url, native: { tokenUrl: wrong } })).toThrow(/native\.tokenUrl/);
    expect(() => kafka({ url, native: { tokenScope: "kafka" } })).toThrow(/goes with native.tokenUrl/);
  });

  it("get a token from a function whose failures may pass", async () => {
    const tokenOf = (oauthToken: () => string | Promise<string>) =>
      checkOptions({ url: "kafka://host", native: { oauthToken } }).token?.();
    await expect(tokenOf(() => Promise.resolve("t"))).resolves.toBe("t");
    await expect(tokenOf(() => "")).rejects.toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    const broken = (): string => {
      throw new Error("down");
    };
    await expect(tokenOf(broken)).rejects.toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
  });

  it("say in one word whether they are idempotent", () => {
    const url = "kafka://host";
    expect(() => kafka({ url, native: { idempotent: true } })).not.toThrow();
    expect(() => kafka({ url, native: { idempotent: 1 as unknown as boolean } })).toThrow(/true or false/);
  });

  it("take patterns of topics for tombstones", () => {
    const take = (tombstones: unknown) => () =>
      kafka({ url: "kafka://host", native: { tombstones: tombstones as string[] } });
    expect(take(["a", "a.*.b", "*", "**", "a.**"])).not.toThrow();
    for (const wrong of ["a", ["a..b"], ["**.a"], ["a*"], [""], [7]]) expect(take(wrong)).toThrow(/native\.tombstones/);
  });

  it("refuse TLS options on a URL that is not encrypted", () => {
    expect(() => kafka({ url: "kafka://host", tls: { ca: "x" } })).toThrow(/kafkas:/);
  });

  it("are not changed, and may be frozen and shared", () => {
    const native = Object.freeze({ partitions: 2 });
    const options = Object.freeze({ url: "kafka://host", native });
    kafka(options);
    kafka(options);
    expect(options).toEqual({ url: "kafka://host", native: { partitions: 2 } });
  });

  it("keep the wait at a rebalance below its bound", () => {
    expect(checkOptions({ url: "kafka://h", native: { rebalanceTimeoutMs: 8_000 } }).native.revokeWaitMs).toBe(3_000);
  });

  it("are checked by the adapter that a configuration names", () => {
    expect(adapter.schemes).toEqual(["kafka", "kafkas"]);
    expect(() => adapter.create({ url: "kafka://h", native: { nope: 1 } })).toThrow(ConfigError);
    expect(adapter.create({ url: "kafka://h" }).name).toBe("kafka");
  });

  it("give no client before the broker is open", () => {
    expect(() => kafka({ url: "kafka://h" }).native).toThrow(/open/);
  });
});
