import { createServer } from "node:net";
import { inspect } from "node:util";
import type { AddressInfo, Server } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { canStartInstance, startInstance } from "../../tools/brokers/index.mjs";
import type { BrokerInstance } from "../../tools/brokers/index.mjs";
import { describeOn, realBrokers } from "./brokers.ts";
import { OpenBuses, unique } from "./open-buses.ts";
import { everythingIn, refusalOf } from "./refusal.ts";

const secret = "s3cr3t-of-integration";

/** A port on which something listens that never says a word, or on which nothing listens any more. */
async function listen(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((socket) => socket.on("error", () => undefined).resume());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, server };
}

describeOn(realBrokers, "a broker that does not answer", ({ name }) => {
  const buses = new OpenBuses();
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function closedUrl(): Promise<string> {
    const { port, server } = await listen();
    await new Promise((resolve) => server.close(resolve));
    return `${name}://cook:${secret}@127.0.0.1:${port}`;
  }

  async function silentUrl(): Promise<string> {
    const { port, server } = await listen();
    servers.push(server);
    return `${name}://cook:${secret}@127.0.0.1:${port}`;
  }

  // What reads an adapter for the first time takes its time for that, before anything is connected to.
  beforeAll(async () => void (await buses.connect(await closedUrl(), { start: "background" })));

  it.each([
    ["is down", closedUrl],
    ["takes connections and says nothing", silentUrl],
  ])("and %s rejects connect() retryable, within its bound", async (_, url) => {
    const main = await url();
    const start = performance.now();

    const error = await refusalOf(() => buses.connect(main, { connectTimeoutMs: 1_000 }));

    expect(error).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true, broker: "main" });
    expect(error.message).toMatch(/"main".*(127\.0\.0\.1|URL)/);
    expect(everythingIn(error)).not.toContain(secret);
    expect(performance.now() - start).toBeLessThan(4_000);
  });

  it("holds up nothing but what is for it when the bus starts in the background", async () => {
    const topic = unique("away");
    const bus = await buses.connect(await closedUrl(), { start: "background" });
    const subscription = await bus.subscribe(topic, () => undefined);

    const [published, requested] = await Promise.all([
      refusalOf(() => bus.publish(topic, 1, { timeoutMs: 300 })),
      refusalOf(() => bus.request(topic, 1, { timeoutMs: 300 })),
    ]);

    expect(published).toMatchObject({ code: "BUSBAR_TIMEOUT", retryable: true, topic, broker: "main" });
    expect(requested).toMatchObject({ code: "BUSBAR_TIMEOUT", retryable: true, topic, broker: "main" });
    expect(bus.health()).toMatchObject({ status: "down", brokers: [{ name: "main" }] });
    const told = [published, requested].map((error) => everythingIn(error)).join("\n") + JSON.stringify(bus.health());
    expect(told).not.toContain(secret);
    const start = performance.now();
    await bus.close({ deadlineMs: 500 });
    expect(performance.now() - start).toBeLessThan(4_000);
    await subscription.ready.catch(() => undefined);
  });
});

const canStart = {
  mosquitto: await canStartInstance("mosquitto"),
  nats: await canStartInstance("nats"),
  kafka: await canStartInstance("kafka"),
  rabbitmq: await canStartInstance("rabbitmq"),
};
for (const [name, possible] of Object.entries(canStart))
  if (!possible) console.warn(`Skipped: no ${name} of the test's own can be started here.`);

describe.each(["mosquitto", "nats"] as const)("a bus that starts before its %s", (name) => {
  const buses = new OpenBuses();
  let server: BrokerInstance | undefined;

  afterAll(() => server?.destroy());

  it.skipIf(!canStart[name])("has what was subscribed and published meanwhile once the broker is there", async () => {
    server = await startInstance(name, { label: "late" });
    await server.stop();
    const topic = unique("late");
    const bus = await buses.connect(server.url, { start: "background" });
    const received: unknown[] = [];
    const subscription = await bus.subscribe(topic, { group: unique("late") }, (payload) => received.push(payload));
    const before = bus.publish(topic, "before");
    expect(bus.health().status).toBe("down");

    await server.start();

    await expect(before).resolves.toMatchObject({ id: expect.any(String) as string });
    await subscription.ready;
    await bus.publish(topic, "after");
    await expect.poll(() => received, { timeout: 15_000 }).toContain("after");
    await expect.poll(() => bus.health().status).toBe("ok");
  });
});

/** Those that refuse a user whom they do not know without being told to. */
const strict: Readonly<Record<string, string | undefined>> = {
  rabbitmq: process.env["BUSBAR_TEST_RABBITMQ_URL"],
  redis: process.env["BUSBAR_TEST_REDIS_URL"],
};

describe.each(["mosquitto", "rabbitmq", "nats", "kafka", "redis"] as const)("a wrong password for %s", (name) => {
  const buses = new OpenBuses();
  const running = strict[name] ?? "";
  const possible = name === "rabbitmq" || name === "redis" ? running !== "" : canStart[name];
  let server: BrokerInstance | undefined;
  let url = "";

  beforeAll(async () => {
    if (!possible) return;
    if (name !== "rabbitmq" && name !== "redis")
      server = await startInstance(name, {
        label: "locked",
        config: { credentials: { username: "cook", password: "salt" } },
      });
    const { protocol, host } = new URL(server?.url ?? running);
    url = `${protocol}//${host}`;
  });

  afterAll(() => server?.destroy());

  it.skipIf(!possible).each([
    ["beside the url", () => ({ url, credentials: { username: "cook", password: secret } })],
    ["in the url", () => ({ url: url.replace("//", `//cook:${secret}@`) })],
  ])("%s is fatal at once, and neither an error, health() nor a log says it", async (_, main) => {
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    const config = {
      service: "integration",
      brokers: { main: main() },
      logger: { info: log, warn: log, error: log },
    };
    const start = performance.now();

    const error = await refusalOf(() => buses.connectTo(config));

    expect(error).toMatchObject({ code: "BUSBAR_AUTHENTICATION", retryable: false });
    expect(everythingIn(error)).not.toContain(secret);
    expect(performance.now() - start).toBeLessThan(5_000);

    const bus = await buses.connectTo({ ...config, start: "background" });
    await expect.poll(() => bus.health().brokers[0]?.state, { timeout: 10_000 }).toBe("failed");
    expect(await refusalOf(() => bus.publish("a", 1))).toMatchObject({ code: "BUSBAR_AUTHENTICATION" });
    expect(await refusalOf(() => bus.request("a", 1))).toMatchObject({ code: "BUSBAR_AUTHENTICATION" });
    expect(JSON.stringify(bus.health())).not.toContain(secret);
    expect(lines.join("\n")).toContain("failed for good");
    expect(lines.join("\n")).not.toContain(secret);
    expect(inspect(bus, { depth: 12, showHidden: true })).not.toContain(secret);
  });
});

const limits = { mosquitto: { max_packet_size: 20_000 }, rabbitmq: { max_message_size: 20_000 } };

describe.each(["mosquitto", "rabbitmq"] as const)("a message that is too large for %s", (name) => {
  const buses = new OpenBuses();
  let server: BrokerInstance | undefined;

  afterAll(() => server?.destroy());

  it.skipIf(!canStart[name])("is refused, and the others arrive", { timeout: 90_000 }, async () => {
    server = await startInstance(name, { label: "small", config: { settings: limits[name] } });
    const bus = await buses.connect(server.url);
    const topic = unique("large");
    const received: unknown[] = [];
    await bus.subscribe(topic, (payload) => received.push(payload));
    const [small, large, after] = await Promise.allSettled([
      bus.publish(topic, "small"),
      bus.publish(topic, new Uint8Array(30_000)),
      bus.publish(topic, "after"),
    ]);
    expect([small.status, after.status]).toEqual(["fulfilled", "fulfilled"]);
    expect(large).toMatchObject({ reason: { code: "BUSBAR_TOO_LARGE", retryable: false, topic } });
    await bus.publish(topic, "next");
    await expect.poll(() => received, { timeout: 10_000 }).toEqual(expect.arrayContaining(["small", "after", "next"]));
  });
});
