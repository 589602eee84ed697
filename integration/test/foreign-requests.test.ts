import { connect as connectNats } from "@nats-io/transport-node";
import amqplib from "amqplib";
import mqtt from "mqtt";
import { afterEach, describe, expect, it } from "vitest";
import { OpenBuses, unique } from "./open-buses.ts";
import { refusalOf } from "./refusal.ts";

const mosquittoUrl = process.env["BUSBAR_TEST_MOSQUITTO_URL"] ?? "";
const pluginUrl = process.env["BUSBAR_TEST_RABBITMQ_MQTT_URL"] ?? "";
const amqpUrl = process.env["BUSBAR_TEST_RABBITMQ_URL"] ?? "";
const natsUrl = process.env["BUSBAR_TEST_NATS_URL"] ?? "";
const patience = { timeout: 10_000 };
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe.skipIf(mosquittoUrl === "")("a foreign client on MQTT 5 (needs BUSBAR_TEST_MOSQUITTO_URL)", () => {
  const buses = new OpenBuses();

  async function client(): Promise<mqtt.MqttClient> {
    const connected = await mqtt.connectAsync(mosquittoUrl, { protocolVersion: 5, reconnectPeriod: 0 });
    cleanups.push(() => connected.endAsync(true));
    return connected;
  }

  it("asks a responder of the bus, and has its correlation data back byte for byte", async () => {
    const [bus, asking, topic, inbox] = [
      await buses.connect(mosquittoUrl),
      await client(),
      unique("sum"),
      unique("inbox"),
    ];
    await bus.respond<number[]>(topic, (numbers) => numbers.reduce((sum, number) => sum + number, 0));
    const answers: unknown[] = [];
    asking.on("message", (_, body, { properties }) => answers.push([body.toString(), properties?.correlationData]));
    await asking.subscribeAsync(`${inbox}/mine`);
    const correlationData = Buffer.from([0xff, 0x00, 0x80]);

    await asking.publishAsync(`_busbar/rpc/${topic}`, "[1,2,3]", {
      properties: { responseTopic: `${inbox}/mine`, correlationData },
    });

    await expect.poll(() => answers, patience).toEqual([["6", correlationData]]);
  });

  it("answers a request of the bus", async () => {
    const [bus, answering, topic] = [await buses.connect(mosquittoUrl), await client(), unique("sum")];
    answering.on("message", (_, body, { properties }) => {
      const { responseTopic = "", correlationData = Buffer.from("") } = properties ?? {};
      answering.publish(responseTopic, `{"was":${body.toString()}}`, { properties: { correlationData } });
    });
    await answering.subscribeAsync(`_busbar/rpc/${topic}`);

    expect(await bus.request(topic, [1])).toEqual({ was: [1] });
  });
});

describe.skipIf(pluginUrl === "")("MQTT 3.1.1 (needs BUSBAR_TEST_RABBITMQ_MQTT_URL)", () => {
  const buses = new OpenBuses();

  it("has no requests, and says so when it is asked for one", async () => {
    const native = { protocolVersion: 4 };
    const bus = await buses.connect(pluginUrl, { brokers: { main: { url: pluginUrl, native } } });
    const unsupported = { code: "BUSBAR_UNSUPPORTED", retryable: false, needs: [{ capability: "replies" }] };
    expect(await refusalOf(() => bus.request("a", 1))).toMatchObject(unsupported);
    expect(await refusalOf(() => bus.respond("a", () => 1))).toMatchObject(unsupported);
  });
});

describe.skipIf(amqpUrl === "")("a foreign client on RabbitMQ (needs BUSBAR_TEST_RABBITMQ_URL)", () => {
  const buses = new OpenBuses();

  async function boundQueue(
    key: string,
    take: (message: amqplib.ConsumeMessage, channel: amqplib.Channel) => void,
  ): Promise<amqplib.Channel> {
    const connection = await amqplib.connect(amqpUrl);
    cleanups.push(() => connection.close());
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue("", { exclusive: true });
    await channel.bindQueue(queue, "amq.topic", key);
    await channel.consume(queue, (message) => message !== null && take(message, channel), { noAck: true });
    return channel;
  }

  it("asks a responder of the bus", async () => {
    const [bus, topic, inbox] = [await buses.connect(amqpUrl), unique("sum"), unique("inbox")];
    await bus.respond<number[]>(topic, (numbers) => numbers.reduce((sum, number) => sum + number, 0));
    const answers: unknown[] = [];
    const channel = await boundQueue(inbox, ({ content, properties }) =>
      answers.push([content.toString(), properties.correlationId, properties.contentType]),
    );

    channel.publish("amq.topic", `_busbar.rpc.${topic}`, Buffer.from("[1,2,3]"), {
      replyTo: inbox,
      correlationId: "7",
    });

    await expect.poll(() => answers, patience).toEqual([["6", "7", "application/json"]]);
  });

  it("answers a request of the bus, which expires at the broker when nobody takes it", async () => {
    const [bus, topic] = [await buses.connect(amqpUrl), unique("sum")];
    const expirations: unknown[] = [];
    await boundQueue(`_busbar.rpc.${topic}`, ({ content, properties }, channel) => {
      expirations.push(properties.expiration);
      const { replyTo = "", correlationId = "" } = properties as { replyTo?: string; correlationId?: string };
      channel.publish("amq.topic", replyTo, content, { correlationId });
    });

    expect(await bus.request(topic, { any: "thing" }, { timeoutMs: 9_000 })).toEqual({ any: "thing" });
    expect(Number(expirations[0])).toBeGreaterThan(0);
    expect(Number(expirations[0])).toBeLessThanOrEqual(9_000);
  });
});

describe.skipIf(natsUrl === "")("a foreign client on NATS (needs BUSBAR_TEST_NATS_URL)", () => {
  const buses = new OpenBuses();

  it("asks a responder of the bus by an ordinary request", async () => {
    const [bus, topic] = [await buses.connect(natsUrl), unique("sum")];
    await bus.respond<number[]>(topic, (numbers) => numbers.reduce((sum, number) => sum + number, 0));
    const client = await connectNats({ servers: new URL(natsUrl).host });
    cleanups.push(() => client.close());

    const answer = await client.request(`_busbar.rpc.${topic}`, "[1,2,3]", patience);

    expect(answer.string()).toBe("6");
  });

  it("answers a request of the bus, of which no stream keeps anything", async () => {
    const [bus, topic] = [await buses.connect(natsUrl), unique("sum")];
    const client = await connectNats({ servers: new URL(natsUrl).host });
    cleanups.push(() => client.close());
    client.subscribe(`_busbar.rpc.${topic}`, {
      callback: (_, { headers, data }) => {
        if (headers === undefined) return;
        client.publish(headers.get("busbar-reply-to"), data, { headers });
      },
    });
    await client.flush();

    expect(await bus.request(topic, ["any"])).toEqual(["any"]);
    const { streams = null } = (
      await client.request("$JS.API.STREAM.NAMES", `{"subject":"_busbar.rpc.${topic}"}`)
    ).json<{
      streams?: readonly string[] | null;
    }>();
    expect(streams).toBeNull();
  });
});
