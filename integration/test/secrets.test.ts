import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import type { BrokerConfig, BusError } from "@busbar/core";
import type { Adapter } from "@busbar/core/contract";
import { TcpProxy } from "@busbar/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { canStartInstance, startInstance } from "../../tools/brokers/index.mjs";
import type { BrokerInstance } from "../../tools/brokers/index.mjs";
import { afterwards } from "../support/cleanups.ts";
import { OpenBuses, unique } from "./open-buses.ts";
import { everythingIn, refusalOf } from "./refusal.ts";

const secret = "s3cr3t-that-nobody-says";

/** The secret of a user's nkey, made for this test alone: no server knows it. */
const seed = "SUAMK2FG4MI6UE3ACF3FK3OIQBCEIEZV7NSWFFEW63UXMRLFM2XLAXK4GY";
const creds = `-----BEGIN NATS USER JWT-----\n${secret}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`;

/** What is secret, where it is said, and what of it must never be seen. */
type Case = readonly [what: string, kind: "nats" | "kafka", broker: Omit<BrokerConfig, "url">, hidden: string];

const password = { credentials: { username: "cook", password: secret } };
const kafkaCases = ["kafkajs", "platformatic"].flatMap((client): Case[] => [
  ...["plain", "scram-sha-256", "scram-sha-512"].map((saslMechanism): Case => [
    `a password by ${saslMechanism} through ${client}`,
    "kafka",
    { ...password, native: { client, saslMechanism } },
    secret,
  ]),
  [`a token through ${client}`, "kafka", { credentials: { token: secret }, native: { client } }, secret],
]);
const cases: readonly Case[] = [
  ["a password", "nats", password, secret],
  ["a token", "nats", { credentials: { token: secret } }, secret],
  ["the seed of an nkey", "nats", { native: { nkeySeed: seed } }, seed],
  ["a credentials file's text", "nats", { native: { creds } }, seed],
  ...kafkaCases,
];

const possible = { nats: await canStartInstance("nats"), kafka: await canStartInstance("kafka") };
for (const [name, isPossible] of Object.entries(possible))
  if (!isPossible) console.warn(`Skipped: no ${name} of the test's own can be started here.`);

const cook = { username: "cook", password: "salt" };
const tokenLogin = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;";
const scramLogin = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
const settings = {
  nats: {},
  kafka: {
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
    "listener.name.plaintext.scram-sha-256.sasl.jaas.config": scramLogin,
    "listener.name.plaintext.scram-sha-512.sasl.jaas.config": scramLogin,
    "listener.name.plaintext.oauthbearer.sasl.jaas.config": tokenLogin,
  },
};

/** One server of each kind for all who are refused by it. */
const locked = new Map<string, BrokerInstance>();

beforeAll(async () => {
  for (const kind of ["nats", "kafka"] as const) {
    const config = { credentials: cook, settings: settings[kind] };
    if (possible[kind]) locked.set(kind, await startInstance(kind, { label: "locked", config }));
  }
});
afterAll(async () => {
  for (const instance of locked.values()) await instance.destroy();
});

function lockedUrl(kind: "nats" | "kafka"): string {
  const { protocol, host } = new URL(locked.get(kind)?.url ?? "");
  return `${protocol}//${host}`;
}

/** What was written past every logger. */
function overheard(): string[] {
  const lines: string[] = [];
  for (const name of ["log", "info", "warn", "error", "debug", "trace"] as const)
    vi.spyOn(console, name).mockImplementation((...words: unknown[]) => void lines.push(inspect(words, { depth: 12 })));
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, "write").mockImplementation((chunk) => lines.push(String(chunk)) > 0);
  return lines;
}

/** Connects, in front and in the background, and looks for the secret in all that comes of it. Resolves with what it was refused by. */
async function tellsNothing(
  buses: OpenBuses,
  main: BrokerConfig,
  hidden: string,
  connectTimeoutMs: number = 10_000,
): Promise<BusError> {
  const lines = overheard();
  const log = (...words: unknown[]): void => void lines.push(...words.map((word) => inspect(word, { depth: 12 })));
  const config = {
    service: "integration",
    instance: unique("i"),
    brokers: { main },
    connectTimeoutMs,
    logger: { info: log, warn: log, error: log },
  };
  const refusal = await refusalOf(() => buses.connectTo(config));
  const bus = await buses.connectTo({ ...config, start: "background" });
  const published = await refusalOf(() => bus.publish("a", 1, { timeoutMs: connectTimeoutMs / 2 }));
  const all = [
    ...[refusal, published].map(everythingIn),
    JSON.stringify(bus.health()),
    JSON.stringify(bus),
    inspect(bus, { depth: 12, showHidden: true }),
    ...lines,
  ];
  for (const text of all) for (const form of formsOf(hidden)) expect(text).not.toContain(form);
  return refusal;
}

/** A secret as it is, in a URL, and encoded, alone or behind a user's name. */
function formsOf(hidden: string): string[] {
  // The bytes that stand alone in base64 depend on what is before them.
  const encoded = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), Buffer.from(hidden)])
      .toString("base64")
      .slice(4, -4),
  );
  return [hidden, encodeURIComponent(hidden), Buffer.from(hidden).toString("hex"), ...encoded];
}

describe("a secret that the server does not take", () => {
  const buses = new OpenBuses();

  it.each(cases.filter(([, kind]) => possible[kind]))("is said nowhere: %s of %s", async (_, kind, broker, hidden) => {
    const refusal = await tellsNothing(buses, { url: lockedUrl(kind), ...broker }, hidden);
    expect(refusal).toMatchObject({ code: "BUSBAR_AUTHENTICATION" });
  });
});

/** What an OAuth 2 server does with who asks it for a token, and it says all that it was told. */
const issuers: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => unknown>> = {
  "does not know the client": (request, response) =>
    response.writeHead(401, { "www-authenticate": told(request) }).end(told(request)),
  "is broken": (request, response) => response.writeHead(500, told(request)).end(told(request)),
  "answers what is no JSON": (request, response) => response.end(told(request)),
  "gives no token": (request, response) => response.end(JSON.stringify({ error: told(request) })),
  "sends elsewhere": (request, response) => response.writeHead(302, { location: `/?${told(request)}` }).end(),
  "hangs up": (request) => request.socket.destroy(),
  "gives a token that Kafka does not take": (request, response) =>
    response.end(JSON.stringify({ access_token: told(request), expires_in: 60 })),
};

function told({ headers }: IncomingMessage): string {
  const [, encoded = ""] = (headers.authorization ?? "").split(" ");
  return encoded + Buffer.from(encoded, "base64").toString();
}

describe.skipIf(!possible.kafka).each(["kafkajs", "platformatic"])(
  "a client's secret for OAuth through %s",
  (client) => {
    const buses = new OpenBuses();

    it.each(Object.entries(issuers))("is said nowhere where the server of tokens %s", async (_, answer) => {
      const issuer = createServer(answer).listen(0, "127.0.0.1");
      await once(issuer, "listening");
      afterwards(() => {
        issuer.closeAllConnections();
        issuer.close();
      });
      const tokenUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/token?code=${secret}`;
      await tellsNothing(buses, { url: lockedUrl("kafka"), ...password, native: { client, tokenUrl } }, secret, 500);
    });
  },
);

const pem = (what: string, text: string): string => `-----BEGIN ${what}-----\n${text}\n-----END ${what}-----\n`;

/** Every place of a secret that is known before there is a server. */
const everywhere = Object.entries({
  mqtt: ["mqtt", "mqtts", "ws", "wss"],
  amqp: ["amqp", "amqps"],
  nats: ["nats", "natss"],
  kafka: ["kafka", "kafkas"],
  redis: ["redis", "rediss"],
}).flatMap(([name, [clear = "", ...schemes]]) => [
  ...[clear, ...schemes].flatMap((scheme) => [
    { name, scheme, where: "the URL", main: { url: `${scheme}://cook:${secret}@127.0.0.1:1` } },
    { name, scheme, where: "the credentials", main: { url: `${scheme}://127.0.0.1:1`, ...password } },
  ]),
  ...schemes
    .filter((scheme) => scheme.endsWith("s") && scheme !== "ws")
    .map((scheme) => ({
      name,
      scheme,
      where: "the key",
      main: {
        url: `${scheme}://127.0.0.1:1`,
        tls: { cert: pem("CERTIFICATE", "made up"), key: pem("PRIVATE KEY", secret), passphrase: secret },
      },
    })),
]);

describe("a secret that is only configured", () => {
  const buses = new OpenBuses();

  it.each(everywhere)("is said by neither the bus, nor an error or health(): $where of $scheme", async ({ main }) => {
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    const bus = await buses.connectTo({
      service: "integration",
      instance: unique("i"),
      brokers: { main },
      start: "background",
      logger: { info: log, warn: log, error: log },
    });
    const error = await refusalOf(() => bus.publish("a", 1, { timeoutMs: 200 }));
    for (const text of [
      everythingIn(error),
      ...lines,
      inspect(bus, { depth: 12, showHidden: true }),
      JSON.stringify(bus),
      JSON.stringify(bus.health()),
    ])
      for (const form of formsOf(secret)) expect(text).not.toContain(form);
  });

  it.each(everywhere)("is said by no adapter: $where of $scheme", async ({ name, main }) => {
    const { adapter } = (await import(`@busbar/${name}`)) as { readonly adapter: Adapter };
    const broker = adapter.create(main);
    for (const text of [inspect(broker, { depth: 12, showHidden: true }), JSON.stringify(broker)])
      for (const form of formsOf(secret)) expect(text).not.toContain(form);
  });
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
