import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { BusError } from "@busbar/core/driver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { givenToSocket } from "../../../integration/support/given-to-socket.ts";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import { kafka } from "../src/index.ts";
import type { KafkaBroker } from "../src/index.ts";
import { brokerUrl, serverKind } from "./broker-url.ts";
import { bodies, clients, collect, Inbox, record, rejection, request, statuses, unique } from "./fixtures.ts";

const possible = brokerUrl !== undefined && (await canStartInstance(serverKind));
const credentials = { username: "user", password: "s3cret" };

type Instance = Awaited<ReturnType<typeof startInstance>>;

describe.skipIf(!possible).each(clients)("a Kafka of its own, through %s", (client) => {
  let instance: Instance;
  let broker: KafkaBroker;
  const native = { client, heartbeatIntervalMs: 200, fetchWaitMs: 100, requestTimeoutMs: 3_000, partitions: 2 };
  // A server makes the topic in which it keeps its groups for the first of them: on a busy machine that takes it several seconds.
  const make = (): KafkaBroker => kafka({ url: instance.url, credentials, native, connectTimeoutMs: 20_000 });

  beforeAll(async () => {
    instance = await startInstance(serverKind, {
      label: "adapter",
      // A killed broker comes back sooner.
      config: { credentials, settings: { "broker.session.timeout.ms": 3_000 } },
    });
    broker = make();
    await broker.open();
  }, 120_000);

  afterAll(async () => {
    await broker?.close();
    await instance?.destroy();
  });

  it("refuses a wrong password for good, and the error does not repeat it", async () => {
    const stranger = kafka({ url: instance.url, credentials: { username: "user", password: "wr0ng" }, native });
    const error = await rejection(stranger.open());
    expect(error).toMatchObject({ name: "RefusedError", code: "BUSBAR_AUTHENTICATION", retryable: false });
    expect(String(error)).not.toContain("wr0ng");
    await stranger.close();
    const nobody = kafka({ url: instance.url, native });
    expect(String(await rejection(nobody.open()))).toContain("without credentials");
    await nobody.close();
    const scram = kafka({ url: instance.url, credentials, native: { ...native, saslMechanism: "scram-sha-256" } });
    expect(await rejection(scram.open())).toMatchObject({ code: "BUSBAR_AUTHENTICATION", retryable: false });
    await scram.close();
  });

  it("moves a subscription before the server has made room for any group", async () => {
    const topic = unique("first");
    await broker.publish(record(topic, "one"));
    await broker.publish(record(topic, "two"));
    const wanted = request(topic);
    await broker.replay({ subscription: wanted.name, topics: [topic], to: "earliest" });
    const { inbox, subscriber } = await collect(broker, wanted);
    await inbox.count(2);
    await subscriber.close();
    expect(bodies(inbox.items).sort()).toEqual(["one", "two"]);
  });

  it("loses nothing over two restarts under load, keeps the order of a key, and says what happens", async () => {
    const topic = unique("restart");
    const told = statuses(broker);
    const wanted = request(topic);
    const { inbox, subscriber } = await collect(broker, wanted);
    const confirmed: string[] = [];
    let publishing = true;
    const load = (async () => {
      for (let number = 0; publishing; number++) {
        const text = String(number);
        for (let sending = 1; ; sending++) {
          // As core does: the same message again while the failure may pass, and nothing behind it before.
          const error = await broker.publish(record(topic, text, { key: "k", sending })).then(
            () => undefined,
            (cause: unknown) => cause as BusError,
          );
          if (error === undefined) break;
          if (!error.retryable) throw error;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        confirmed.push(text);
      }
    })();
    await inbox.count(50);
    for (let round = 1; round <= 2; round++) {
      const { length } = inbox.items;
      await instance.restart({ signal: "SIGTERM" });
      await told.until((items) => items.filter(({ type }) => type === "connected").length >= round, 60_000);
      await inbox.count(length + 50);
    }
    publishing = false;
    await load;
    const last = confirmed.at(-1);
    await inbox.until(() => bodies(inbox.items.slice(-5)).includes(last ?? ""), 30_000);
    const got = bodies(inbox.items);
    expect(confirmed.filter((text) => !got.includes(text))).toEqual([]);
    // What came twice came again from the beginning of what was not settled, never out of turn.
    const firsts = [...new Set(got)].map(Number);
    expect(firsts).toEqual([...firsts].sort((one, other) => one - other));
    const kinds = told.items.map((status) =>
      status.type === "subscription" ? `${status.type} ${String(status.connected)}` : status.type,
    );
    expect(kinds.filter((kind) => kind === "disconnected")).toHaveLength(2);
    expect(kinds.filter((kind) => kind === "subscription false")).toHaveLength(2);
    expect(kinds.filter((kind) => kind === "subscription true")).toHaveLength(2);
    expect(kinds).not.toContain("fatal");
    expect(kinds).not.toContain("position-lost");
    await subscriber.close();
  }, 150_000);

  it("rejects what is on its way promptly when the connection is lost, and gives unsettled messages again", async () => {
    const topic = unique("lost");
    const told = statuses(broker);
    const { inbox, subscriber } = await collect(broker, request(topic), { settle: false });
    await broker.publish(record(topic, "held"));
    const [held] = await inbox.count(1);
    // Frozen, it answers nothing; then it dies.
    instance.pause();
    const onItsWay = givenToSocket("sent to nobody");
    const sent = rejection(broker.publish(record(topic, "sent to nobody")));
    await onItsWay;
    const queued = rejection(broker.publish(record(topic, "queued")));
    const begun = Date.now();
    const stopped = instance.stop({ signal: "SIGKILL" });
    expect(await sent).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
    expect(await queued).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    expect(Date.now() - begun).toBeLessThan(2_000);
    expect(await rejection(broker.publish(record(topic, "absent")))).toMatchObject({
      code: "BUSBAR_CONNECTION",
      retryable: true,
    });
    await stopped;
    // Its connection is another one, whose end may come a moment later.
    await told.until((items) => items.some((status) => status.type === "subscription" && !status.connected));
    expect(held?.stale).toBe(true);
    held?.settle("ack");
    const early = make();
    expect(await rejection(early.open())).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    await instance.start();
    await early.open();
    await early.publish(record(topic, "early"));
    await early.close();
    await told.until((items) => items.some(({ type }) => type === "connected"), 60_000);
    await inbox.until((items) => items.slice(1).some(({ position }) => position === held?.position), 60_000);
    expect(inbox.items.find((delivery, index) => index > 0 && delivery.position === held?.position)).toMatchObject({
      redelivered: true,
    });
    await subscriber.close();
  }, 150_000);

  it("notices a server that is silent, and closes in time all the same", async () => {
    const own = make();
    await own.open();
    const told = statuses(own);
    const topic = unique("silent");
    await collect(own, request(topic));
    instance.pause();
    const error = await rejection(own.publish(record(topic, "x")));
    expect(error).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
    await told.until((items) => items.some(({ type }) => type === "subscription"), 15_000);
    const begun = Date.now();
    await own.close();
    expect(Date.now() - begun).toBeLessThan(8_000);
    instance.resume();
  }, 60_000);
});

describe.each(clients)("a server that takes connections and says nothing, for %s", (client) => {
  it("is given up after connectTimeoutMs, and nothing is left open", async () => {
    const sockets = new Inbox<Socket>();
    const server = createServer(sockets.add);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const broker = kafka({ url: `kafka://127.0.0.1:${port}`, connectTimeoutMs: 500, native: { client } });
    const begun = Date.now();
    expect(await rejection(broker.open())).toMatchObject({ retryable: true });
    expect(Date.now() - begun).toBeLessThan(3_000);
    await broker.close();
    for (const socket of sockets.items) if (!socket.destroyed) await once(socket.resume(), "close");
    await new Promise((resolve) => server.close(resolve));
  });
});
