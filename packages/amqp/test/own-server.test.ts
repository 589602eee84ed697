import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import type { BrokerInstance } from "../../../tools/brokers/index.mjs";
import type { BusError } from "@busbar/core/driver";
import { brokerUrl } from "./broker-url.ts";
import {
  acknowledging,
  errorOf,
  nextStatus,
  openBroker,
  record,
  request,
  statusOf,
  textOf,
  unique,
} from "./fixtures.ts";

const possible = brokerUrl !== undefined && (await canStartInstance("rabbitmq"));
if (!possible) console.warn("Skipped: no RabbitMQ can be started here.");

const maxBodyBytes = 65_536;
let server: BrokerInstance;

/** Runs the operator's tool against the private server. */
async function control(...words: string[]): Promise<void> {
  const management = new URL(server.urls["management"] ?? "");
  const authorization = `Basic ${Buffer.from(`${management.username}:${management.password}`).toString("base64")}`;
  const overview = await fetch(`${management.origin}/api/overview`, { headers: { authorization } });
  const { node } = (await overview.json()) as { node: string };
  const env = {
    ...process.env,
    HOME: server.folder,
    ERL_EPMD_PORT: String(server.ports["epmd"]),
    // One that is ended would leave megabytes in the working directory.
    ERL_CRASH_DUMP_SECONDS: "0",
  };
  await promisify(execFile)("/usr/lib/rabbitmq/bin/rabbitmqctl", ["--node", node, ...words], { env });
}

describe.skipIf(!possible)("a RabbitMQ of our own", () => {
  beforeAll(async () => {
    server = await startInstance("rabbitmq", {
      label: "amqp",
      config: { settings: { max_message_size: maxBodyBytes } },
    });
  }, 120_000);

  afterAll(async () => {
    await server?.destroy();
  }, 60_000);

  it("refuses a message that is too large, harms no other, and knows the limit from then on", async () => {
    const broker = await openBroker({ url: server.url });
    const topic = unique("a.");
    const inbox = acknowledging();
    await broker.subscribe(request(topic), inbox.sink);
    const outcomes = await Promise.allSettled([
      broker.publish(record(topic, "small before")),
      broker.publish(record(topic, new Uint8Array(maxBodyBytes + 1))),
      broker.publish(record(topic, "small after")),
    ]);
    expect(outcomes[1]).toMatchObject({ reason: { code: "BUSBAR_TOO_LARGE", retryable: false } });
    for (const outcome of [outcomes[0], outcomes[2]]) {
      if (outcome?.status === "rejected")
        expect(outcome.reason).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
    }
    expect(outcomes[2]?.status).toBe("rejected");
    broker.told.length = 0;
    const { effective } = await statusOf(broker, "connected");
    expect(effective.limits.maxBodyBytes).toBe(maxBodyBytes);
    expect(await errorOf(broker.publish(record(topic, new Uint8Array(maxBodyBytes + 1))))).toMatchObject({
      code: "BUSBAR_TOO_LARGE",
    });
    expect(await broker.publish(record(topic, new Uint8Array(maxBodyBytes)))).toMatchObject({ routed: true });
    // The channel was not closed a second time.
    const told = broker.told.map(({ type }) => type);
    expect(told.slice(told.indexOf("connected"))).toEqual(["connected"]);
  });

  it("tells of a broker that blocks, waits with what is published meanwhile, and closes in spite of it", async () => {
    const broker = await openBroker({ url: server.url });
    const topic = unique("a.");
    const inbox = acknowledging();
    await broker.subscribe(request(topic), inbox.sink);
    await control("set_vm_memory_high_watermark", "0.00001");
    // The broker tells it only to those who publish once it has noticed itself, so that this one goes on until then.
    const told = statusOf(broker, "flow");
    let isBlocked = false;
    void told.then(() => (isBlocked = true));
    const first = (async () => {
      let receipt;
      do receipt = await broker.publish(record(topic, "first"));
      while (!isBlocked);
      return receipt;
    })();
    expect(await told).toMatchObject({ blocked: true });
    const waiting = broker.publish(record(topic, "held"));
    const caller = new AbortController();
    const given = errorOf(broker.publish(record(topic, "given up"), { signal: caller.signal }));
    caller.abort(new Error("too long"));
    expect((await given).message).toBe("too long");
    const other = await openBroker({ url: server.url });
    void other.publish(record(topic, "first")).catch(() => undefined);
    await statusOf(other, "flow");
    const stuck = errorOf(other.publish(record(topic)));
    await other.close();
    expect(await stuck).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
    await control("set_vm_memory_high_watermark", "0.4");
    await statusOf(broker, "flow", ({ blocked }) => !blocked);
    expect(await Promise.all([first, waiting])).toMatchObject([{ routed: true }, { routed: true }]);
    // On a machine that is busy rabbitmqctl alone takes half a minute to start.
  }, 180_000);

  it("loses nothing confirmed over two restarts under load", async () => {
    const broker = await openBroker({ url: server.url });
    const topic = unique("a.");
    const got = new Set<string>();
    const inbox = acknowledging();
    const subscriber = await broker.subscribe(request(topic, { group: "g" }), (delivery) => {
      got.add(textOf(delivery));
      inbox.sink(delivery);
    });
    await broker.publish(record(topic, "held", { delayMs: 2_000 }));
    const confirmed = ["held"];
    let stopped = false;
    const down = (): boolean =>
      broker.told.findLast(({ type }) => type === "connected" || type === "disconnected")?.type === "disconnected";
    const load = (async () => {
      for (let number = 0; !stopped; number++) {
        const text = `${number}`;
        // What core does: the same record again until it is confirmed, or refused for good.
        for (;;) {
          try {
            await broker.publish(record(topic, text));
            confirmed.push(text);
            break;
          } catch (error) {
            if (!(error as BusError).retryable) throw error;
            if (down()) await nextStatus(broker, "connected");
          }
        }
      }
    })();
    for (let restart = 0; restart < 2; restart++) {
      const before = confirmed.length;
      while (confirmed.length < before + 100) await new Promise((resolve) => setImmediate(resolve));
      const back = nextStatus(broker, "connected");
      await server.restart();
      await back;
    }
    stopped = true;
    await load;
    while (confirmed.some((text) => !got.has(text))) await new Promise((resolve) => setImmediate(resolve));
    expect(confirmed.filter((text) => !got.has(text))).toEqual([]);
    expect(confirmed.length).toBeGreaterThan(200);
    await subscriber.remove();
  }, 180_000);
});
