import { randomUUID } from "node:crypto";
import { connect as dial } from "node:net";
import { createClient } from "@redis/client";
import amqplib from "amqplib";
import { Kafka, logLevel } from "kafkajs";
import type { IHeaders } from "kafkajs";
import mqtt from "mqtt";
import type { IClientPublishOptions } from "mqtt";
import { hostileBodies } from "./bodies.ts";

/** What becomes of a message: a handler gets it, it is a dead letter, the broker does not take it, or it fits no filter and is counted. */
export type Fate = "handled" | "dead" | "refused" | "unmatched";

/** A message that a foreign client publishes. */
export interface HostileMessage {
  readonly what: string;
  readonly fate: Fate;
  /** Its dead letter, which is the message and more, is more than the broker takes, so that it stays where it is. @default false */
  readonly isTooLargeToBury?: boolean;
  /** Publishes it to the topic, or to one below it where it is the topic that is odd. Resolves once the broker has it; rejects where it refuses. */
  readonly send: (topic: string) => Promise<unknown>;
}

/** A foreign client with what it has to send. */
export interface Stranger {
  readonly messages: readonly HostileMessage[];
  readonly end: () => Promise<unknown>;
}

type Send<Extra> = (topic: string, body: Buffer, extra: Extra) => Promise<unknown>;

/** A body that is as it should be, and no other message's. */
const ordinary = (what: string): Buffer => Buffer.from(JSON.stringify({ what }));
const json = "application/json";
/** Names that mean something to an object of JavaScript. */
const ownNames = ["__proto__", "constructor", "toString", "hasOwnProperty", "then", "toJSON"];
const named = <Value>(value: Value): Record<string, Value> => Object.fromEntries(ownNames.map((name) => [name, value]));

function bodies<Extra>(send: Send<Extra>, extra: Extra): HostileMessage[] {
  return Object.entries(hostileBodies).map(([what, { bytes, isJson }]) => ({
    what,
    fate: isJson ? "handled" : "dead",
    send: (topic) => send(topic, bytes, extra),
  }));
}

const odd =
  <Extra>(send: Send<Extra>, fate: Fate = "handled") =>
  (what: string, extra: Extra, other: Fate = fate): HostileMessage => ({
    what,
    fate: other,
    send: (topic) => send(topic, ordinary(what), extra),
  });

/** Speaks MQTT 5. */
export async function mqttStranger(url: string): Promise<Stranger> {
  const publish: Send<IClientPublishOptions["properties"]> = async (topic, body, properties) => {
    // One connection for each: a server ends it over what it does not take.
    const client = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 });
    try {
      const closed = new Promise<never>((_resolve, reject) => {
        client.once("close", () => reject(new Error("The server has hung up.")));
      });
      await Promise.race([
        client.publishAsync(topic.replaceAll(".", "/"), body, { qos: 1, properties: properties ?? {} }),
        closed,
      ]);
    } finally {
      await client.endAsync(true);
    }
  };
  const message = odd(publish);
  const to = (what: string, fate: Fate, path: (topic: string) => string): HostileMessage => ({
    what,
    fate,
    send: (topic) => publish(path(topic.replaceAll(".", "/")), ordinary(what), undefined),
  });
  return {
    messages: [
      ...bodies(publish, { contentType: json }),
      message("headers that every object has", { userProperties: named("x") }),
      message("a header of 60,000 bytes", { userProperties: { long: "x".repeat(60_000) } }),
      message("ten thousand headers of one name", { userProperties: { same: Array(10_000).fill("x") as string[] } }),
      message("headers without names", { userProperties: { "": "", " ": "\u00a0", "\u202e": "\ufffd" } }),
      message("metadata that is none", { userProperties: { busbar: '{"id":{"__proto__":1},"timestamp":1e999' } }),
      message("metadata with a prototype", { userProperties: { busbar: ['{"__proto__":{"id":"x"}}', "x"] } }),
      message("a content type that is none", { contentType: '\u202e/;;="' }),
      message("a content type of 60,000 bytes", { contentType: "application/" + "x".repeat(60_000) }),
      message("correlation data of 60,000 bytes", { correlationData: Buffer.alloc(60_000, 0xff) }),
      message("an address for answers below nothing", { responseTopic: "/".repeat(60_000) }),
      to("as many levels of its topic as the server takes", "handled", (path) => `${path}/below/${"/".repeat(190)}`),
      to("a topic of nothing but levels", "refused", () => "/".repeat(65_534)),
      to("a topic of odd characters", "handled", (path) => `${path}/below/\u202e/\ufffd/ /%2e/__proto__/.../{x}/*`),
    ],
    end: () => Promise.resolve(),
  };
}

/** Speaks AMQP 0-9-1, and for what no client writes, JSON to the server's own page. */
export async function amqpStranger(url: string, managementUrl: string): Promise<Stranger> {
  const publish: Send<amqplib.Options.Publish> = async (topic, body, options) => {
    // One connection for each: a server ends it over what it does not take.
    const connection = await amqplib.connect(url);
    const ended = new Promise<never>((_resolve, reject) => void connection.on("error", reject));
    const channel = await connection.createConfirmChannel();
    channel.on("error", () => undefined);
    channel.publish("amq.topic", topic, body, options);
    await Promise.race([channel.waitForConfirms(), ended]);
    await connection.close();
  };
  const message = odd(publish);
  const managed = (what: string, headers: string): HostileMessage => ({
    what,
    fate: "handled",
    send: (topic) => publishByManagement(managementUrl, topic, headers, ordinary(what)),
  });
  const to = (what: string, fate: Fate, key: (topic: string) => string): HostileMessage => ({
    what,
    fate,
    send: (topic) => publish(key(topic), ordinary(what), {}),
  });
  return {
    messages: [
      ...bodies(publish, { contentType: json }),
      message("headers that every object has", { headers: named("x") }),
      message("headers that every object has, of tables", { headers: named({ toJSON: "x", toString: 1 }) }),
      managed("tables within tables", `{"deep":${'{"a":'.repeat(1_500)}1${"}".repeat(1_500)}}`),
      managed("tables within tables, very deep", `{"deep":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}}`),
      managed("lists within lists, very deep", `{"deep":${"[".repeat(6_000)}1${"]".repeat(6_000)}}`),
      managed("tables that look like numbers", '{"a":{"!":"decimal"},"b":{"!":"timestamp","value":{"toString":1}}}'),
      message("a number of 255 places", { headers: { number: { "!": "decimal", value: { places: 255, digits: 1 } } } }),
      message(
        "numbers that are none",
        {
          headers: { a: { "!": "double", value: Number.NaN }, b: { "!": "double", value: -Infinity } },
        },
        "refused",
      ),
      message("bytes that are no UTF-8", { headers: { bytes: Buffer.from([0xff, 0xfe, 0x00]) } }),
      message("a header of 60,000 bytes", { headers: { long: "x".repeat(60_000) } }),
      message("three thousand headers", {
        headers: Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`h${at}`, at])),
      }),
      message("headers without names", { headers: { "": "x", " ": "\r\nx: y", "\0": null } }),
      message("metadata that is none", {
        headers: {
          "busbar-timestamp": { a: 1 },
          "busbar-key": [1],
          "busbar-topic": 7,
          "busbar-deliveries": "1e999",
          "busbar-failures": "-1",
          "busbar-expires-at": "never",
        },
      }),
      message("a topic of its own that is none", { headers: { "busbar-topic": "..\r\n__proto__" } }, "unmatched"),
      message("a content type that is none", { contentType: '\u202e/;;="' }),
      message("an address for answers that is none", { replyTo: "\r\n".repeat(100), correlationId: "\0".repeat(255) }),
      to("the longest routing key", "handled", (topic) => `${topic}.below.`.padEnd(255, "x")),
      to("a routing key of nothing but words", "handled", (topic) => `${topic}.below`.padEnd(255, ".")),
      to("a routing key of odd characters", "handled", (topic) => `${topic}.below.\u202e.\r\n.#.*. .__proto__.{x}`),
    ],
    end: () => Promise.resolve(),
  };
}

/** Has the server itself make a message of headers that clients do not write. */
async function publishByManagement(url: string, topic: string, headers: string, body: Buffer): Promise<void> {
  const { origin, username, password } = new URL(url);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const answer = await fetch(`${origin}/api/exchanges/%2F/amq.topic/publish`, {
    method: "POST",
    headers: { authorization, "content-type": json },
    body: `{"properties":{"headers":${headers}},"routing_key":${JSON.stringify(topic)},"payload":${JSON.stringify(body.toString())},"payload_encoding":"string"}`,
  });
  const { routed } = (await answer.json()) as { readonly routed?: boolean };
  if (routed !== true) throw new Error(`The message was not routed: ${answer.status}`);
}

/** Speaks Kafka's protocol. */
export async function kafkaStranger(url: string): Promise<Stranger> {
  const client = new Kafka({ brokers: [new URL(url).host], logLevel: logLevel.NOTHING });
  const producer = client.producer({ retry: { retries: 0 } });
  await producer.connect();
  type Extra = { readonly headers?: IHeaders; readonly key?: Buffer; readonly value?: Buffer | null };
  const publish: Send<Extra> = (topic, value, extra) =>
    producer.send({ topic, messages: [{ key: "stranger", value, ...extra }] });
  const message = odd(publish);
  return {
    messages: [
      ...bodies(publish, { headers: { "content-type": json } }),
      message("headers that every object has", { headers: named("x") }),
      message("headers that every object has, twice", { headers: named(["x", "y"]) }),
      message("headers without values", { headers: { empty: "", none: [], both: ["", "x"] } }),
      message("a header without a name", { headers: { "": "x" } }),
      message("headers that are no UTF-8", { headers: { bytes: Buffer.from([0xff, 0xfe, 0x00]), lines: "\r\nx: y" } }),
      message("ten thousand headers of one name", { headers: { same: Array(10_000).fill("x") as string[] } }),
      message("a header of 500,000 bytes", { headers: { long: "x".repeat(500_000) } }),
      message("metadata that is none", {
        headers: {
          "busbar-id": "\r\n",
          "busbar-key": "x",
          "busbar-reply-to": "\0",
          "busbar-correlation-id": ["1", "2"],
        },
      }),
      message("a topic of its own that is none", { headers: { "busbar-topic": "..\r\n__proto__" } }, "unmatched"),
      message("two content types", { headers: { "content-type": ["application/json", "text/plain"] } }),
      message("a content type without a value", { headers: { "content-type": "" } }),
      message("a key that is no UTF-8", { key: Buffer.from([0xff, 0xfe, 0x00]) }),
      message("an empty key", { key: Buffer.alloc(0) }),
      message("no value", { value: null }),
      message("more than the server takes", { value: Buffer.alloc(1_100_000, "7") }, "refused"),
      {
        ...message("as much as the server takes", { value: Buffer.alloc(1_048_400, "7") }),
        isTooLargeToBury: true,
      },
    ],
    end: () => producer.disconnect(),
  };
}

/** The largest body beside no headers (`max_payload`), and so much more. */
const largest = (more: number): Buffer => Buffer.alloc(1_048_576 - "NATS/1.0\r\n\r\n".length + more, "7");

/** Speaks NATS, byte by byte: clients would refuse most of it. */
export async function natsStranger(url: string): Promise<Stranger> {
  const { hostname, port } = new URL(url);
  const publish = async (topic: string, body: Buffer, lines: Buffer | string): Promise<unknown> => {
    const answer = `_INBOX.${randomUUID()}`;
    const socket = dial({ host: hostname, port: Number(port) });
    const head = Buffer.concat([
      Buffer.from("NATS/1.0"),
      Buffer.isBuffer(lines) ? lines : Buffer.from(lines, "latin1"),
      Buffer.from("\r\n\r\n"),
    ]);
    socket.write(`CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB ${answer} 1\r\n`);
    socket.write(`HPUB ${topic} ${answer} ${head.length} ${head.length + body.length}\r\n`);
    socket.write(Buffer.concat([head, body, Buffer.from("\r\n")]));
    let heard = "";
    try {
      for await (const chunk of socket) {
        heard += String(chunk);
        // The server's own word, or that of the stream.
        if (/-ERR|"error":|NATS\/1\.0 503/.test(heard)) throw new Error(heard);
        if (heard.includes('"stream":')) return undefined;
      }
      throw new Error("The server has hung up.");
    } finally {
      socket.destroy();
    }
  };
  const message = odd(publish);
  const to = (what: string, fate: Fate, subject: (topic: string) => string): HostileMessage => ({
    what,
    fate,
    send: (topic) => publish(subject(topic), ordinary(what), ""),
  });
  return {
    messages: [
      ...bodies(publish, `\r\ncontent-type: ${json}`),
      message("headers that every object has", ownNames.map((name) => `\r\n${name}: x`).join("")),
      message("headers that every object has, twice", ownNames.map((name) => `\r\n${name}: x\r\n${name}: y`).join("")),
      message("lines without a colon", "\r\nno colon\r\n\u0001\r\n "),
      message("lines without a name", "\r\n: x\r\n:\r\n::::"),
      message("an empty line among the others", "\r\na: 1\r\n\r\nb: 2"),
      message("a status of the server", " 503 No Responders"),
      message("a status of the server about a consumer", " 409 Consumer Deleted\r\nNats-Last-Consumer: 9"),
      message("a heartbeat of the server", " 100 Idle Heartbeat"),
      message("lines that are no UTF-8", Buffer.from([0x0d, 0x0a, 0xff, 0x3a, 0xfe, 0x00, 0xc0, 0x80])),
      message("a line of 500,000 bytes", `\r\nlong: ${"x".repeat(500_000)}`, "refused"),
      message("a line of 60,000 bytes", `\r\nlong: ${"x".repeat(60_000)}`),
      message("five thousand lines of one name", "\r\nsame: x".repeat(5_000)),
      message(
        "metadata that is none",
        "\r\nbusbar-id: %\r\nbusbar-key: %ff%fe\r\nbusbar-timestamp: 1e999\r\nbusbar-reply-to: >",
      ),
      message("escapes that are none", "\r\nbusbar-header-%zz: %\r\nbusbar-header-: x\r\nbusbar-header-__proto__: %00"),
      message("a topic of its own that is none", "\r\nbusbar-topic: .. __proto__", "unmatched"),
      message("two content types", "\r\ncontent-type: application/json\r\nContent-Type: text/plain"),
      message("an order to the server that is none", "\r\nNats-Msg-Id: \r\nNats-Rollup: nothing", "refused"),
      { what: "more than the server takes", fate: "refused", send: (topic) => publish(topic, largest(1), "") },
      to("a thousand levels of its topic", "handled", (topic) => `${topic}.below${".a".repeat(1_000)}`),
      to("a subject of odd characters", "handled", (topic) => `${topic}.below.\u202e.__proto__.{x}.%00.$JS`),
      to("a subject with nothing between its dots", "refused", (topic) => `${topic}.below..a`),
      {
        what: "as much as the server takes",
        fate: "handled",
        isTooLargeToBury: true,
        send: (topic) => publish(topic, largest(0), ""),
      },
    ],
    end: () => Promise.resolve(),
  };
}

/** Speaks RESP. */
export async function redisStranger(url: string): Promise<Stranger> {
  const client = createClient({ url });
  await client.connect();
  const add = (topic: string, words: readonly (string | Buffer)[]): Promise<unknown> =>
    client.sendCommand(["XADD", `busbar:${topic}`, "*", ...words]);
  const publish: Send<readonly (string | Buffer)[]> = (topic, body, words) => add(topic, [...words, "body", body]);
  const message = odd(publish);
  return {
    messages: [
      ...bodies(publish, ["content-type", json]),
      message(
        "headers that every object has",
        ownNames.flatMap((name) => [`header:${name}`, "x", name, "y"]),
      ),
      message("a field without a name", ["", "x", "header:", "y"]),
      message("fields that are no UTF-8", [
        Buffer.from([0xff, 0xfe]),
        Buffer.from([0x00, 0xff]),
        "header:a",
        Buffer.from([0xc0, 0x80]),
      ]),
      message("ten thousand fields of one name", Array<string>(20_000).fill("same")),
      message("a header of a million bytes", ["header:long", "x".repeat(1_000_000)]),
      message("metadata that is none", [
        "id",
        Buffer.from([0xff]),
        "timestamp",
        "1e999",
        "key",
        "",
        "reply-to",
        "\0",
        "slot",
        "x",
      ]),
      message("a topic of its own that is none", ["topic", "..\r\n__proto__"], "unmatched"),
      message("two content types, the last of them none", ["content-type", "application/json", "content-type", "/"]),
      message("two bodies", ["body", "{"]),
      { what: "no body", fate: "handled", send: (topic) => add(topic, ["a", "b"]) },
    ],
    end: () => client.close(),
  };
}
