import { inspect } from "node:util";
import type { BrokerConfig } from "@busbar/core";
import { TcpProxy } from "@busbar/testing";
import { describe, expect, it } from "vitest";
import { canStartInstance, startInstance } from "../../tools/brokers/index.mjs";
import { afterwards } from "../support/cleanups.ts";
import { OpenBuses, unique } from "./open-buses.ts";
import { everythingIn, refusalOf } from "./refusal.ts";

const secret = "s3cr3t-that-nobody-says";

/** The secret of a user's nkey, made for this test alone: no server knows it. */
const seed = "SUAMK2FG4MI6UE3ACF3FK3OIQBCEIEZV7NSWFFEW63UXMRLFM2XLAXK4GY";
const creds = `-----BEGIN NATS USER JWT-----\n${secret}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`;

/** What is secret, where it is said, and what of it must never be seen. */
const cases: readonly [what: string, kind: "nats" | "kafka", broker: Omit<BrokerConfig, "url">, hidden: string][] = [
  ["a password", "nats", { credentials: { username: "cook", password: secret } }, secret],
  ["a token", "nats", { credentials: { token: secret } }, secret],
  ["the seed of an nkey", "nats", { native: { nkeySeed: seed } }, seed],
  ["a credentials file's text", "nats", { native: { creds } }, seed],
  ["a password", "kafka", { credentials: { username: "cook", password: secret } }, secret],
  ["a token", "kafka", { credentials: { token: secret } }, secret],
];

const possible = { nats: await canStartInstance("nats"), kafka: await canStartInstance("kafka") };
for (const [name, isPossible] of Object.entries(possible))
  if (!isPossible) console.warn(`Skipped: no ${name} of the test's own can be started here.`);

describe("a secret that the server does not take", () => {
  const buses = new OpenBuses();

  it.each(cases.filter(([, kind]) => possible[kind]))("is said nowhere: %s of %s", async (_, kind, broker, hidden) => {
    const server = await startInstance(kind, {
      label: "locked",
      config: { credentials: { username: "cook", password: "salt" } },
    });
    afterwards(() => server.destroy());
    const { protocol, host } = new URL(server.url);
    await tellsNothing({ url: `${protocol}//${host}`, ...broker }, hidden);
  });

  /** Connects, in front and in the background, and looks for the secret in all that comes of it. */
  async function tellsNothing(main: BrokerConfig, hidden: string): Promise<void> {
    const lines: string[] = [];
    const log = (...words: unknown[]): void => void lines.push(...words.map((word) => inspect(word, { depth: 12 })));
    const config = {
      service: "integration",
      instance: unique("i"),
      brokers: { main },
      connectTimeoutMs: 4_000,
      logger: { info: log, warn: log, error: log },
    };
    const refusal = await refusalOf(() => buses.connectTo(config));
    expect(refusal).toMatchObject({ code: "BUSBAR_AUTHENTICATION" });
    const bus = await buses.connectTo({ ...config, start: "background" });
    const published = await refusalOf(() => bus.publish("a", 1, { timeoutMs: 2_000 }));
    const told = [
      ...[refusal, published].map(everythingIn),
      JSON.stringify(bus.health()),
      inspect(bus, { depth: 12, showHidden: true }),
      ...lines,
    ];
    for (const text of told)
      for (const form of [hidden, encodeURIComponent(hidden), Buffer.from(hidden).toString("base64")])
        expect(text).not.toContain(form);
  }
});

describe("a secret that the server took", () => {
  const buses = new OpenBuses();

  it.skipIf(!possible.nats)("is said nowhere when the connection is cut", async () => {
    const server = await startInstance("nats", {
      label: "secret",
      config: { credentials: { username: "cook", password: secret } },
    });
    afterwards(() => server.destroy());
    const proxy = await TcpProxy.open({ port: server.ports["nats"] ?? 0 });
    afterwards(() => proxy.close());
    const lines: string[] = [];
    const log = (...words: unknown[]): void => void lines.push(...words.map((word) => inspect(word, { depth: 12 })));
    const bus = await buses.connectTo({
      service: "integration",
      instance: unique("i"),
      brokers: { main: { url: `nats://127.0.0.1:${proxy.port}`, credentials: { username: "cook", password: secret } } },
      logger: { info: log, warn: log, error: log },
    });
    await bus.publish(unique("t"), 1);
    await proxy.close();
    const error = await refusalOf(() => bus.publish(unique("t"), 1, { timeoutMs: 1_000 }));
    expect(
      [everythingIn(error), JSON.stringify(bus.health()), inspect(bus, { depth: 12, showHidden: true }), ...lines].join(
        "\n",
      ),
    ).not.toContain(secret);
  });
});
