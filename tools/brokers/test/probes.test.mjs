import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";

import { amqpStarts } from "../probes/amqp.mjs";
import { httpAnswers, mqttWebSocketAccepts } from "../probes/http.mjs";
import { kafkaHasBroker } from "../probes/kafka.mjs";
import { mqttAccepts } from "../probes/mqtt.mjs";
import { natsInformsOfJetStream } from "../probes/nats.mjs";
import { isSecure } from "../probes/probe.mjs";
import { whenReady } from "../readiness.mjs";

/**
 * Starts a server that says each of the pieces in turn: the first at once when `greets`, each other one after something was received.
 *
 * @param {import("node:test").TestContext} context
 * @param {readonly (string | Buffer)[]} pieces
 * @param {{ greets?: boolean }} [options]
 */
async function serverThatSays(context, pieces, { greets = false } = {}) {
  const server = createServer((socket) => {
    const rest = [...pieces];
    const say = () => {
      const piece = rest.shift();
      if (piece === undefined) {
        socket.end();
      } else {
        socket.write(piece);
      }
    };
    socket.on("error", () => {});
    socket.on("data", say);
    if (greets) {
      say();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  context.after(() => server.close());
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return (/** @type {string} */ scheme) => ({ url: new URL(`${scheme}://127.0.0.1:${port}`) });
}

test("MQTT is ready when CONNACK accepts, and not when it refuses", async (context) => {
  await mqttAccepts((await serverThatSays(context, [Buffer.of(0x20, 2, 0, 0)]))("mqtt"));
  await assert.rejects(
    mqttAccepts((await serverThatSays(context, [Buffer.of(0x20, 2, 0, 5)]))("mqtt")),
    /return code 5/,
  );
  await assert.rejects(
    mqttAccepts((await serverThatSays(context, ["HTTP/1.1 400 Bad Request\r\n"]))("mqtt")),
    /no CONNACK/,
  );
});

test("AMQP is ready at Connection.Start, which tells the version", async (context) => {
  const table = Buffer.concat([Buffer.from("\u0007versionS\0\0\0\u00064.1.20", "latin1")]);
  const payload = Buffer.concat([Buffer.of(0, 10, 0, 10, 0, 9, 0, 0, 0, table.length), table]);
  const frame = Buffer.concat([Buffer.of(1, 0, 0, 0, 0, 0, payload.length), payload, Buffer.of(0xce)]);
  assert.deepEqual(await amqpStarts((await serverThatSays(context, [frame]))("amqp")), { version: "4.1.20" });
  await assert.rejects(
    amqpStarts((await serverThatSays(context, [Buffer.from("AMQP\0\0\u0009\u0001....", "latin1")]))("amqp")),
    /no Connection.Start/,
  );
});

test("NATS is ready when INFO offers JetStream", async (context) => {
  const ready = await serverThatSays(context, ['INFO {"version":"2.9.10","jetstream":true}\r\n'], { greets: true });
  assert.deepEqual(await natsInformsOfJetStream(ready("nats")), { version: "2.9.10" });
  const without = await serverThatSays(context, ['INFO {"version":"2.9.10"}\r\n'], { greets: true });
  await assert.rejects(natsInformsOfJetStream(without("nats")), /without JetStream/);
});

/** @param {Buffer} body */
function kafkaResponse(body) {
  const head = Buffer.alloc(8);
  head.writeInt32BE(4 + body.length, 0);
  return Buffer.concat([head, body]);
}

test("Kafka is ready when Metadata names a broker and a controller", async (context) => {
  const versions = kafkaResponse(Buffer.of(0, 0, 0, 0, 0, 0));
  const broker = Buffer.concat([
    Buffer.of(0, 0, 0, 1),
    Buffer.of(0, 4),
    Buffer.from("host"),
    Buffer.of(0, 0, 0x23, 0x84),
    Buffer.of(0xff, 0xff),
  ]);
  const one = kafkaResponse(
    Buffer.concat([Buffer.of(0, 0, 0, 1), broker, Buffer.of(0, 0, 0, 1), Buffer.of(0, 0, 0, 0)]),
  );
  await kafkaHasBroker((await serverThatSays(context, [versions, one]))("kafka"));
  const none = kafkaResponse(Buffer.of(0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0));
  await assert.rejects(
    kafkaHasBroker((await serverThatSays(context, [versions, none]))("kafka")),
    /0 brokers and no controller/,
  );
});

test("HTTP is ready below 500, a WebSocket at 101", async (context) => {
  await httpAnswers((await serverThatSays(context, ["HTTP/1.1 401 Unauthorized\r\n\r\n"]))("http"));
  await assert.rejects(
    httpAnswers((await serverThatSays(context, ["HTTP/1.1 503 Busy\r\n\r\n"]))("http")),
    /status 503/,
  );
  await mqttWebSocketAccepts((await serverThatSays(context, ["HTTP/1.1 101 Switching Protocols\r\n\r\n"]))("ws"));
  await assert.rejects(
    mqttWebSocketAccepts((await serverThatSays(context, ["HTTP/1.1 200 OK\r\n\r\n"]))("ws")),
    /status 200/,
  );
});

test("an answer in two pieces is one answer, and a connection that closes is none", async (context) => {
  await mqttAccepts((await serverThatSays(context, [Buffer.of(0x20, 2), Buffer.of(0, 0)], { greets: true }))("mqtt"));
  await assert.rejects(
    mqttAccepts((await serverThatSays(context, []))("mqtt")),
    /closed the connection without an answer/,
  );
});

test("only protocols that end in TLS are secure", () => {
  for (const [url, secure] of /** @type {const} */ ([
    ["ws://h", false],
    ["nats://h", false],
    ["wss://h", true],
    ["mqtts://h", true],
    ["amqps://h", true],
    ["https://h", true],
  ])) {
    assert.equal(isSecure(new URL(url)), secure, url);
  }
});

test("waiting ends early when the broker is gone, and tells which endpoint was missing when time is up", async () => {
  const endpoints = { mqtt: { url: () => "", probe: () => Promise.reject(new Error("connect ECONNREFUSED")) } };
  const instance = { urls: { mqtt: "mqtt://127.0.0.1:1" } };
  await assert.rejects(
    whenReady(endpoints, instance, { timeoutMs: 60_000, isAlive: () => false }),
    /ended before it answered/,
  );
  await assert.rejects(
    whenReady(endpoints, instance, { timeoutMs: 0 }),
    /endpoint mqtt did not answer within 0 s \(connect ECONNREFUSED\)/,
  );
});

test("an answer counts only while the broker itself runs", async () => {
  const endpoints = { mqtt: { url: () => "", probe: async () => ({}) } };
  const instance = { urls: { mqtt: "mqtt://127.0.0.1:1" } };
  await assert.rejects(
    whenReady(endpoints, instance, { timeoutMs: 1_000, isAlive: () => false }),
    /another program answers on its port/,
  );
});
