import { connect } from "amqplib";
import { describe, expect, it } from "vitest";
import { brokerUrlOf } from "../../../integration/support/broker-url.ts";
import { brokerUrl } from "./broker-url.ts";
import {
  acknowledging,
  afterwards,
  errorOf,
  Inbox,
  nextStatus,
  openBroker,
  proxied,
  record,
  request,
  unique,
  url,
} from "./fixtures.ts";

const management = brokerUrlOf("BUSBAR_TEST_RABBITMQ_MANAGEMENT_URL", "RabbitMQ's management");

async function manage(method: "PUT" | "DELETE", path: string, body: object = {}): Promise<void> {
  const { origin, username, password } = new URL(management ?? "");
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const headers = { authorization, "content-type": "application/json" };
  const answer = await fetch(`${origin}/api/${path}`, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
}

/** Who may what in which virtual host; gone after the test. */
async function user(host: string, may: { configure: string; write: string; read: string }): Promise<string> {
  const name = unique("user-");
  await manage("PUT", `users/${name}`, { password: "first", tags: "" });
  afterwards(() => manage("DELETE", `users/${name}`));
  await manage("PUT", `permissions/${encodeURIComponent(host)}/${name}`, may);
  return name;
}

const everything = { configure: ".*", write: ".*", read: ".*" };

describe.skipIf(brokerUrl === undefined || management === undefined)("a user of RabbitMQ", () => {
  it("stays in a virtual host of its own, whatever that is called", async () => {
    const host = `${unique("orders/")} and 100%`;
    await manage("PUT", `vhosts/${encodeURIComponent(host)}`);
    afterwards(() => manage("DELETE", `vhosts/${encodeURIComponent(host)}`));
    const name = await user(host, everything);
    const address = `amqp://${name}:first@${new URL(url()).host}`;
    const [inside, outside] = [await openBroker({ url: `${address}/${encodeURIComponent(host)}` }), await openBroker()];
    const topic = unique("a.");
    const inbox = acknowledging();
    await inside.subscribe(request(topic, { group: "g" }), inbox.sink);
    expect(await outside.publish(record(topic, "from outside"))).toMatchObject({ routed: false });
    await inside.publish(record(topic, "from inside", { delayMs: 1 }));
    await inbox.received(1);
    expect(inbox.texts).toEqual(["from inside"]);
    expect(await errorOf(openBroker({ url: `${address}/` }))).toMatchObject({
      code: "BUSBAR_NOT_FOUND",
      retryable: false,
    });
  });

  it("goes on with a new password, over a reconnect too, when it was told of it in time", async () => {
    const name = await user("/", everything);
    const { proxy, url: through } = await proxied();
    const way = new URL(through);
    const broker = await openBroker({ url: `amqp://${name}:first@${way.host}` });
    const topic = unique("a.");
    const inbox = acknowledging();
    const subscriber = await broker.subscribe(request(topic, { group: "g" }), inbox.sink);
    await manage("PUT", `users/${name}`, { password: "second", tags: "" });
    await broker.updateSecret("second", "it was changed");
    const back = [nextStatus(broker, "connected"), nextStatus(broker, "subscription", ({ connected }) => connected)];
    proxy.cut();
    await Promise.all(back);
    expect(await broker.publish(record(topic, "m"))).toMatchObject({ routed: true });
    await inbox.received(1);
    await subscriber.remove();
  });

  it("whose password was changed unheard of loses what was cut off, publishing or a subscription, and nothing else", async () => {
    const name = await user("/", everything);
    const { proxy, url: through } = await proxied();
    const broker = await openBroker({ url: `amqp://${name}:first@${new URL(through).host}` });
    const direct = await openBroker();
    const topic = unique("a.");
    const inbox = acknowledging();
    const asked = request(topic, { group: "g" });
    await broker.subscribe(asked, inbox.sink);
    afterwards(async () => (await direct.subscribe(asked, () => undefined)).remove());
    await manage("PUT", `users/${name}`, { password: "second", tags: "" });
    const publishing = nextStatus(broker, "fatal");
    await broker.native.close();
    const { error, ...of } = await publishing;
    expect(error).toMatchObject({ code: "BUSBAR_AUTHENTICATION", retryable: false });
    expect(of).toEqual({ type: "fatal", only: "publishing" });
    expect(await errorOf(broker.publish(record(topic, "refused")))).toBe(error);
    await direct.publish(record(topic, "m"));
    await inbox.received(1);
    expect(inbox.texts).toEqual(["m"]);

    const consuming = nextStatus(broker, "fatal");
    proxy.cut();
    expect(await consuming).toMatchObject({ name: asked.name, error: { code: "BUSBAR_AUTHENTICATION" } });
    expect(await errorOf(broker.subscribe(request(topic), () => undefined))).toMatchObject({
      code: "BUSBAR_AUTHENTICATION",
    });
  });

  it("is not taken for another when its message, which bears its name, is given back for a while", async () => {
    const name = await user("/", everything);
    const model = await connect(`amqp://${name}:first@${new URL(url()).host}`);
    afterwards(() => model.close());
    const broker = await openBroker();
    const topic = unique("a.");
    const inbox = new Inbox((delivery) => delivery.settle(delivery.redelivered ? "ack" : "release", 1));
    const subscriber = await broker.subscribe(request(topic, { group: "g" }), inbox.sink);
    (await model.createChannel()).publish("amq.topic", topic, Buffer.from("m"), { userId: name });
    await inbox.received(2);
    expect(broker.told.map(({ type }) => type)).toEqual(["connected"]);
    await subscriber.remove();
  });

  it("is told what is no password, and has none to change before it is open", async () => {
    const broker = await openBroker();
    expect(await errorOf(broker.updateSecret(""))).toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT" });
    await broker.close();
    expect(await errorOf(broker.updateSecret("x"))).toMatchObject({ code: "BUSBAR_CLOSED" });
  });

  it("works with what an operator prepared without a right to make anything", async () => {
    const topic = unique("a.");
    const asked = request(topic, { group: "g" });
    const operator = await openBroker();
    const prepared = await operator.subscribe(asked, () => undefined);
    await prepared.close();
    const name = await user("/", { configure: "^$", write: "^(amq\\.topic|_busbar\\..*)$", read: `^${asked.name}$` });
    const address = `amqp://${name}:first@${new URL(url()).host}`;
    for (const topology of ["check", "assume"] as const) {
      const guest = await openBroker({ url: address, topology, native: { exchangeType: "topic" } });
      const inbox = acknowledging();
      const subscriber = await guest.subscribe(asked, inbox.sink);
      await guest.publish(record(topic, topology));
      await inbox.received(1);
      expect(inbox.texts).toEqual([topology]);
      await subscriber.close();
    }
    const eager = await openBroker({ url: address });
    expect(await errorOf(eager.subscribe(asked, () => undefined))).toMatchObject({ code: "BUSBAR_REFUSED" });
    await (await operator.subscribe(asked, () => undefined)).remove();
  });
});
