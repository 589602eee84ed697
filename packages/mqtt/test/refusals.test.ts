import { afterEach, describe, expect, it } from "vitest";
import { brokerUrlOf } from "../../../integration/support/broker-url.ts";
import { describeOnRabbit, rabbitUrl } from "./broker-url.ts";
import { acknowledging, Brokers, outbound, request, status, unique } from "./fixtures.ts";
import { FakeServer, granting } from "./fake-server.ts";
import type { FakeAnswers } from "./fake-server.ts";

const management = brokerUrlOf("BUSBAR_TEST_RABBITMQ_MANAGEMENT_URL", "RabbitMQ's management") ?? "";
const brokers = new Brokers("");
let server: FakeServer | undefined;
afterEach(async () => {
  await server?.close();
  await brokers.close();
});

async function start(answers: FakeAnswers = {}): Promise<string> {
  server = await FakeServer.start(answers);
  return server.url;
}

/** Answers about `$SYS` and dead letters with success, so that only the test's own subscription meets the code. */
function subscribing(code: number): NonNullable<FakeAnswers["subscribe"]> {
  return (packetId, filter) => granting(filter.startsWith("a") ? code : 0)(packetId, filter);
}

describe("a connection", () => {
  /** Clean Start, and Session Expiry and Receive Maximum where they are given, of CONNECT (MQTT 5.0 §3.1). */
  function read(packet: Buffer): readonly unknown[] {
    const id = packet.toString("latin1");
    const [expiry, receive] = [packet.indexOf(0x11, 13), packet.indexOf(0x21, 13)];
    const end = 13 + (packet[12] ?? 0);
    return [
      /(inspect|publish|service-0)/.exec(id)?.[0],
      ((packet[9] ?? 0) & 2) === 2,
      expiry > 0 && expiry < end ? packet.readUInt32BE(expiry + 1) : undefined,
      receive > 0 && receive < end ? packet.readUInt16BE(receive + 1) : undefined,
    ];
  }

  it("tells the server for how long it is to keep what, and how much it may send", async () => {
    const connects: (readonly unknown[])[] = [];
    const connect = (packet: Buffer): number[] => {
      connects.push(read(packet));
      return [0x20, 3, 0, 0, 0];
    };
    const bus = await brokers.open({ url: await start({ connect }), native: { sessionExpirySeconds: 86_401 } });
    await bus.subscribe(request("a", { durable: true, maxInFlight: 5 }), () => {});
    await bus.subscribe(request("a", { group: "g", maxInFlight: 100_000, graceMs: 1500 }), () => {});
    await bus.subscribe(request("a", { maxInFlight: 1, graceMs: 60_000 }), () => {});
    expect(connects).toEqual([
      ["publish", true, undefined, undefined],
      ["inspect", true, 86_401, undefined],
      // To see by the client id that it is given what the server is.
      [undefined, true, undefined, undefined],
      ["service-0", false, 86_401, 5],
      ["service-0", false, 2, 65_535],
      ["service-0", true, 60, 1],
    ]);
  });
});

describe("a refused subscription", () => {
  it.each([
    [0x80, "BUSBAR_REFUSED", false],
    [0x87, "BUSBAR_REFUSED", false],
    [0x97, "BUSBAR_CAPACITY", true],
    [0x9e, "BUSBAR_REFUSED", false],
  ])("with the code %d rejects as %s", async (code, expected, retryable) => {
    const bus = await brokers.open({ url: await start({ subscribe: subscribing(code) }) });
    const refused = bus.subscribe(request("a.b"), () => {});
    await expect(refused).rejects.toMatchObject({ code: expected, retryable, topic: "a.b" });
  });

  it("is one that grants less than was asked for", async () => {
    const bus = await brokers.open({ url: await start({ subscribe: subscribing(0) }) });
    await expect(bus.subscribe(request("a"), () => {})).rejects.toMatchObject({
      code: "BUSBAR_REFUSED",
      retryable: false,
    });
    await expect(bus.subscribe(request("a", { delivery: "at-most-once" }), () => {})).resolves.toBeDefined();
  });

  it("is one that is never answered", async () => {
    const silent = {
      subscribe: (packetId: readonly [number, number], filter: string) =>
        filter === "a" ? [] : granting(0)(packetId, filter),
    };
    const bus = await brokers.open({ url: await start(silent), connectTimeoutMs: 300 });
    await expect(bus.subscribe(request("a"), () => {})).rejects.toMatchObject({
      code: "BUSBAR_CONNECTION",
      retryable: true,
    });
  });
});

describe("a subscription that is removed", () => {
  it.each([
    [1, 2],
    [100, 1],
  ])(
    "is asked for again where the server is %d times busy, and the rest of the time to connect is not over",
    async (busy, least) => {
      let [removing, tried] = [false, 0];
      const connect = (): number[] => (removing && ++tried <= busy ? [0x20, 3, 0, 0x88, 0] : [0x20, 3, 0, 0, 0]);
      const bus = await brokers.open({ url: await start({ connect }), connectTimeoutMs: 500 });
      const subscriber = await bus.subscribe(request("a", { durable: true }), () => {});
      removing = true;
      if (busy === 1) await subscriber.remove();
      else await expect(subscriber.remove()).rejects.toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
      expect(tried).toBeGreaterThanOrEqual(least);
    },
  );
});

describe("a server that says goodbye", () => {
  it("because the session was taken over is not asked again", async () => {
    const bus = await brokers.open({ url: await start() });
    const asked = request("a", { durable: true });
    await bus.subscribe(asked, () => {});
    const [fatal, disconnected] = [
      status(bus, "fatal", ({ name }) => name === asked.name),
      status(bus, "fatal", ({ name }) => name === undefined),
    ];
    server?.send(0xe0, 1, 0x8e);
    await server?.close();
    await expect(fatal).resolves.toMatchObject({ error: { code: "BUSBAR_INSTANCE_IN_USE", retryable: false } });
    await disconnected;
  });

  it("because it shuts down is asked again", async () => {
    const bus = await brokers.open({ url: await start() });
    const lost = status(bus, "disconnected");
    server?.send(0xe0, 1, 0x8b);
    const hanging = bus.publish(outbound("a"));
    await Promise.all([expect(hanging).rejects.toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN" }), server?.close()]);
    await expect(lost).resolves.toMatchObject({
      error: { code: "BUSBAR_CONNECTION", message: expect.stringContaining("shutting down") as string },
    });
  });
});

describe("a password that is refused after a while", () => {
  it("is fatal", async () => {
    let refusing = false;
    const bus = await brokers.open({
      url: await start({ connect: () => (refusing ? [0x20, 3, 0, 0x86, 0] : [0x20, 3, 0, 0, 0]) }),
    });
    const fatal = status(bus, "fatal");
    refusing = true;
    bus.native.stream.destroy();
    await expect(fatal).resolves.toMatchObject({
      only: "publishing",
      error: { code: "BUSBAR_AUTHENTICATION", retryable: false },
    });
  });
});

describeOnRabbit("a password that is refused after a while, on RabbitMQ", () => {
  it("ends what was cut off, publishing or a subscription, and nothing else", async () => {
    const user = unique().replaceAll(".", "-");
    await manage("PUT", `users/${user}`, { password: "first", tags: "" });
    await manage("PUT", `permissions/%2F/${user}`, { configure: ".*", write: ".*", read: ".*" });
    try {
      const address = new URL(rabbitUrl);
      Object.assign(address, { username: user, password: "first" });
      const native = { protocolVersion: 4 } as const;
      const [bus, other] = [
        await brokers.open({ url: address.href, native }),
        await brokers.open({ url: rabbitUrl, native }),
      ];
      const inbox = acknowledging();
      const asked = request(unique());
      await bus.subscribe(asked, inbox.sink);
      await manage("PUT", `users/${user}`, { password: "second", tags: "" });
      const fatal = status(bus, "fatal");
      bus.native.stream.destroy();
      await expect(fatal).resolves.toMatchObject({ only: "publishing", error: { code: "BUSBAR_AUTHENTICATION" } });
      await other.publish(outbound(asked.filter, "x"));
      await expect.poll(() => inbox.texts).toEqual(["x"]);
    } finally {
      await manage("DELETE", `users/${user}`);
    }
  });
});

async function manage(method: "PUT" | "DELETE", path: string, body: object = {}): Promise<void> {
  const { origin, username, password } = new URL(management);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const headers = { authorization, "content-type": "application/json" };
  const answer = await fetch(`${origin}/api/${path}`, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
}
