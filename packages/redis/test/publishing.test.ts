import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import type { BrokerInstance } from "../../../tools/brokers/index.mjs";
import type { BusError } from "@busbar/core/driver";
import { givenToSocket } from "../../../integration/support/given-to-socket.ts";
import { brokerUrl } from "./broker-url.ts";
import {
  acknowledging,
  afterwards,
  errorOf,
  foreignClient,
  newBroker,
  nextStatus,
  openBroker,
  proxied,
  record,
  request,
  statusOf,
  textOf,
  unique,
} from "./fixtures.ts";

describe.skipIf(brokerUrl === undefined)("losing the connection", () => {
  it("rejects every publish under way promptly, as outcome unknown, and never sends one twice", async () => {
    const { proxy, url } = await proxied();
    const [broker, direct, topic] = [await openBroker({ url }), await openBroker(), unique("a.")];
    const inbox = acknowledging();
    await direct.subscribe(request(topic), inbox.sink);
    proxy.freeze("everything");
    const sent = givenToSocket("lost 49");
    const outcomes = Array.from({ length: 50 }, (_, index) => errorOf(broker.publish(record(topic, `lost ${index}`))));
    await sent;
    proxy.cut();
    for (const error of await Promise.all(outcomes)) {
      expect(error).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
    }
    broker.told.length = 0;
    proxy.thaw();
    await statusOf(broker, "connected");
    await direct.publish(record(topic, "end"));
    await inbox.received(1);
    expect(inbox.texts).toEqual(["end"]);
  });

  it("rejects at once while there is no connection", async () => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url });
    proxy.refuse();
    proxy.cut();
    await statusOf(broker, "disconnected");
    expect(await errorOf(broker.publish(record("a")))).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
  });

  it("notices a peer that is silent", async () => {
    const { proxy, url } = await proxied();
    const broker = await openBroker({ url, native: { heartbeatMs: 200 } });
    proxy.freeze("everything");
    await statusOf(broker, "disconnected");
  });
});

const possible = brokerUrl !== undefined && (await canStartInstance("redis"));

describe.skipIf(!possible)("a Redis of our own", () => {
  const credentials = { username: "bus", password: "right" };
  let server: BrokerInstance;
  const address = (password: string): string => server.url.replace("://", `://bus:${password}@`);

  beforeAll(async () => {
    const settings = { appendonly: "yes", appendfsync: "always" };
    server = await startInstance("redis", { label: "redis", config: { credentials, settings } });
  }, 60_000);

  afterAll(async () => {
    await server?.destroy();
  });

  it("says at once that the password is wrong, or missing", async () => {
    for (const url of [address("wrong"), server.url]) {
      const error = await errorOf(newBroker({ url }).open());
      expect(error).toMatchObject({ code: "BUSBAR_AUTHENTICATION", retryable: false });
      expect(error.message).not.toContain("wrong@");
    }
    await openBroker({ url: address("right") });
  });

  it("warns of what is set up to lose messages", async () => {
    const client = await foreignClient(address("right"));
    await client.configSet("appendonly", "no");
    const broker = newBroker({ url: address("right") });
    expect((await broker.open()).warnings).toContainEqual(expect.stringMatching(/appendonly no/));
    await client.configSet("appendonly", "yes");
  });

  it("calls a server that is out of memory one without capacity", async () => {
    const [client, broker] = [await foreignClient(address("right")), await openBroker({ url: address("right") })];
    await client.configSet("maxmemory", "1");
    const outcomes = await Promise.all([1, 2].map(() => errorOf(broker.publish(record("a", "x", { key: "k" })))));
    for (const error of outcomes) expect(error).toMatchObject({ code: "BUSBAR_CAPACITY", retryable: true });
    await client.configSet("maxmemory", "0");
    await broker.publish(record("a"));
  });

  it("loses nothing confirmed over two restarts under load", async () => {
    const broker = await openBroker({ url: address("right") });
    const topic = unique("a.");
    const got = new Set<string>();
    await broker.subscribe(request(topic, { group: "g" }), (delivery) => {
      got.add(textOf(delivery));
      delivery.settle("ack");
    });
    const confirmed: string[] = [];
    let stopped = false;
    const load = (async () => {
      for (let number = 0; !stopped; number++) {
        try {
          await broker.publish(record(topic, `${number}`));
          confirmed.push(`${number}`);
        } catch (error) {
          if (!(error as BusError).retryable) throw error;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
    })();
    for (let restart = 0; restart < 2; restart++) {
      const before = confirmed.length;
      await expect.poll(() => confirmed.length, { timeout: 20_000 }).toBeGreaterThan(before + 100);
      const back = nextStatus(broker, "connected");
      await server.restart();
      await back;
    }
    stopped = true;
    await load;
    await expect.poll(() => confirmed.filter((text) => !got.has(text)), { timeout: 20_000 }).toEqual([]);
    expect(confirmed.length).toBeGreaterThan(200);
  }, 90_000);

  it("lets go of a server that became a replica, and comes back to it once it is the primary", async () => {
    const [client, broker] = [await foreignClient(address("right")), await openBroker({ url: address("right") })];
    const lost = nextStatus(broker, "disconnected");
    await client.sendCommand(["REPLICAOF", "127.0.0.1", "1"]);
    expect(await errorOf(broker.publish(record("a")))).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    await lost;
    const error = await errorOf(newBroker({ url: address("right") }).open());
    expect(error).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    expect(error.message).toContain("a replica of 127.0.0.1:1,");
    const back = nextStatus(broker, "connected");
    await client.sendCommand(["REPLICAOF", "NO", "ONE"]);
    await back;
    await broker.publish(record("a"));
  });

  it("sends nothing to a server that still reads its files, which would refuse the first and take the next", async () => {
    // It looks at its connections with every 1,024 entries that it reads.
    const slow = await startInstance("redis", { label: "redis-slow", config: { settings: { "key-load-delay": 400 } } });
    afterwards(() => slow.destroy());
    const broker = await openBroker({ url: slow.url });
    const topic = unique("a.");
    await Promise.all(Array.from({ length: 4_000 }, () => broker.publish(record(topic))));
    const back = nextStatus(broker, "connected");
    const restarted = slow.restart();
    await back;
    await broker.publish(record(topic));
    await restarted;
  }, 60_000);
});
