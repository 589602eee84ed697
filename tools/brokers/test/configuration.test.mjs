import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { test } from "node:test";

import { passwordLine } from "../kinds/mosquitto.mjs";
import { brokerKind } from "../known-brokers.mjs";

/** @import { ConfigChanges } from "../broker-kind.mjs" */

const place = { folder: "/checkout/x", dataFolder: "/checkout/x/data" };
const ports = {
  mqtt: 20_001,
  ws: 20_002,
  amqp: 20_003,
  management: 20_004,
  distribution: 20_005,
  epmd: 20_006,
  nats: 20_007,
  kafka: 20_008,
  controller: 20_009,
  redis: 20_010,
};
const credentials = { username: "cook", password: "salt & pepper" };

/**
 * @param {string} name
 * @param {ConfigChanges} [changes]
 */
function launchOf(name, changes = {}) {
  return brokerKind(name).launch({ ...place, ports }, { tools: {} }, changes);
}

test("mosquitto keeps what it confirmed, and listens on loopback only", () => {
  const conf = launchOf("mosquitto").files["mosquitto.conf"] ?? "";
  for (const line of [
    "persistence true",
    "persistence_location /checkout/x/data/",
    "max_queued_messages 0",
    "max_inflight_messages 0",
    "set_tcp_nodelay true",
    "allow_anonymous true",
  ]) {
    assert.ok(conf.includes(`\n${line}\n`), line);
  }
  assert.deepEqual(conf.match(/^listener .*$/gm), ["listener 20001 127.0.0.1", "listener 20002 127.0.0.1"]);
  assert.match(conf, /protocol websockets\nsocket_domain ipv4/);
});

test("mosquitto with credentials lets nobody else in, and stores no plain password", () => {
  const { files } = launchOf("mosquitto", { credentials });
  assert.match(files["mosquitto.conf"] ?? "", /allow_anonymous false\npassword_file passwords\n/);
  assert.ok(!(files["passwords"] ?? credentials.password).includes(credentials.password));
});

test("a password line is a salted PBKDF2 hash that the password leads to again", () => {
  const line = passwordLine(credentials);
  const [user, hash = ""] = line.split(":");
  const [, kind, iterations, salt = "", key] = hash.split("$");
  assert.equal(user, "cook");
  assert.equal(kind, "7");
  assert.equal(
    pbkdf2Sync(credentials.password, Buffer.from(salt, "base64"), Number(iterations), 64, "sha512").toString("base64"),
    key,
  );
  assert.notEqual(passwordLine(credentials), line);
});

test("settings replace ours, null removes one, lines and files are added", () => {
  const { files } = launchOf("mosquitto", {
    settings: { max_queued_messages: 7, set_tcp_nodelay: null, max_packet_size: 1_000 },
    append: "\nlistener 20010 127.0.0.1\n",
    files: { acl: "topic read #\n" },
  });
  const conf = files["mosquitto.conf"] ?? "";
  assert.match(conf, /^max_queued_messages 7$/m);
  assert.match(conf, /^max_packet_size 1000$/m);
  assert.doesNotMatch(conf, /set_tcp_nodelay/);
  assert.ok(conf.endsWith("\nlistener 20010 127.0.0.1\n"));
  assert.equal(files["acl"], "topic read #\n");
});

test("rabbitmq has every port, its home and its node name to itself", () => {
  const { env, files } = launchOf("rabbitmq");
  const conf = files["rabbitmq.conf"] ?? "";
  assert.match(conf, /^listeners\.tcp\.1 = 127\.0\.0\.1:20003$/m);
  assert.match(conf, /^mqtt\.listeners\.tcp\.1 = 127\.0\.0\.1:20001$/m);
  assert.match(conf, /^web_mqtt\.tcp\.ip = 127\.0\.0\.1\nweb_mqtt\.tcp\.port = 20002$/m);
  assert.match(conf, /^management\.tcp\.ip = 127\.0\.0\.1\nmanagement\.tcp\.port = 20004$/m);
  assert.match(conf, /^default_user = guest\ndefault_pass = guest$/m);
  assert.equal(env["RABBITMQ_DIST_PORT"], "20005");
  assert.equal(env["ERL_EPMD_PORT"], "20006");
  assert.equal(env["ERL_EPMD_ADDRESS"], "127.0.0.1");
  assert.equal(env["HOME"], "/checkout/x");
  assert.match(env["RABBITMQ_NODENAME"] ?? "", /^busbar-[0-9a-f]{8}@localhost$/);
});

test("rabbitmq with credentials takes no anonymous MQTT client", () => {
  const conf = launchOf("rabbitmq", { credentials }).files["rabbitmq.conf"] ?? "";
  assert.match(conf, /^default_user = cook\ndefault_pass = salt & pepper$/m);
  assert.match(conf, /^mqtt\.allow_anonymous = false$/m);
});

test("rabbitmq does not inherit the settings of another one", (context) => {
  process.env["RABBITMQ_NODE_PORT"] = "5672";
  context.after(() => delete process.env["RABBITMQ_NODE_PORT"]);
  const { env } = launchOf("rabbitmq");
  assert.ok("RABBITMQ_NODE_PORT" in env);
  assert.equal(env["RABBITMQ_NODE_PORT"], undefined);
});

test("nats keeps its streams on files, and nested settings are merged", () => {
  const { files } = launchOf("nats", {
    settings: { jetstream: { max_file_store: "10MB" }, max_payload: 1_024 },
    credentials,
  });
  assert.deepEqual(JSON.parse(files["nats.conf"] ?? ""), {
    listen: "127.0.0.1:20007",
    server_name: "busbar-20007",
    jetstream: { store_dir: "/checkout/x/data", max_file_store: "10MB" },
    authorization: { user: "cook", password: "salt & pepper" },
    max_payload: 1_024,
  });
  assert.throws(() => launchOf("nats", { append: "debug: true" }), /change it by settings/);
});

test("kafka is one small node on loopback", () => {
  const { args, files, prepare } = launchOf("kafka");
  const properties = files["server.properties"] ?? "";
  for (const line of [
    "listeners=PLAINTEXT://127.0.0.1:20008,CONTROLLER://127.0.0.1:20009",
    "advertised.listeners=PLAINTEXT://127.0.0.1:20008",
    "auto.create.topics.enable=false",
    "num.partitions=1",
    "offsets.topic.num.partitions=5",
    "offsets.topic.replication.factor=1",
    "transaction.state.log.replication.factor=1",
    "group.initial.rebalance.delay.ms=0",
    "log.cleaner.enable=true",
  ]) {
    assert.ok(properties.includes(`${line}\n`), line);
  }
  assert.ok(args.includes("-Xmx512m"));
  assert.ok(prepare?.args.includes("format"));
});

test("kafka's cluster id is never taken for an option, whatever its ports", () => {
  for (let controller = 20_000; controller < 20_200; controller += 1) {
    const { prepare } = brokerKind("kafka").launch({ ...place, ports: { ...ports, controller } }, { tools: {} }, {});
    assert.match(prepare?.args.at(-3) ?? "", /^[\w][\w-]{21}$/);
  }
});

test("kafkas of one quorum agree on their cluster by it, wherever they are, and share the machine", () => {
  const settings = { "controller.quorum.voters": "1@127.0.0.1:20001,2@127.0.0.1:20002,3@127.0.0.1:20003" };
  const [one, other] = ["/checkout/a/data", "/checkout/b/data"].map((dataFolder) =>
    brokerKind("kafka").launch({ ...place, dataFolder, ports }, { tools: {} }, { settings }),
  );
  assert.equal(one?.prepare?.args.at(-3), other?.prepare?.args.at(-3));
  assert.notEqual(one?.prepare?.args.at(-3), launchOf("kafka").prepare?.args.at(-3));
  assert.ok(one?.args.includes("-Xmx320m"));
});

test("kafka with credentials asks clients for them and the controller not", () => {
  const properties =
    launchOf("kafka", { credentials: { username: "cook", password: 'salt"' } }).files["server.properties"] ?? "";
  assert.match(properties, /^listener\.security\.protocol\.map=PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT$/m);
  assert.match(properties, /user_cook="salt\\\\""/);
});

test("redis keeps what it confirmed, listens on loopback only, and stays recognisable", () => {
  const conf = launchOf("redis").files["redis.conf"] ?? "";
  for (const line of [
    "bind 127.0.0.1",
    "port 20010",
    "appendonly yes",
    "maxmemory-policy noeviction",
    "set-proc-title no",
  ]) {
    assert.ok(conf.includes(`${line}\n`), line);
  }
  const locked = launchOf("redis", { credentials: { username: "cook", password: "salt" } }).files["redis.conf"] ?? "";
  assert.match(locked, /^user default off$/m);
  assert.match(locked, /^user cook on >salt ~\* &\* \+@all$/m);
});

test("hivemq listens on loopback only, keeps what it confirmed, and nested settings are merged", () => {
  const { files } = launchOf("hivemq", {
    settings: {
      listeners: { "websocket-listener": null, "tls-tcp-listener": [{ port: 1 }, { port: 2 }] },
      mqtt: { "session-expiry": { "max-interval": 7 } },
    },
    credentials: { username: "cook", password: "salt & pepper" },
  });
  assert.equal(
    (files["conf/config.xml"] ?? "").replaceAll(/\n\s*/g, ""),
    '<?xml version="1.0" encoding="UTF-8"?><hivemq><listeners>' +
      "<tcp-listener><port>20001</port><bind-address>127.0.0.1</bind-address></tcp-listener>" +
      "<tls-tcp-listener><port>1</port></tls-tcp-listener><tls-tcp-listener><port>2</port></tls-tcp-listener></listeners>" +
      "<mqtt><queued-messages><max-queue-size>1000000</max-queue-size></queued-messages>" +
      "<session-expiry><max-interval>7</max-interval></session-expiry></mqtt>" +
      "<anonymous-usage-statistics><enabled>false</enabled></anonymous-usage-statistics></hivemq>",
  );
  assert.equal(files["credentials"], "cook\nsalt & pepper\n");
  assert.throws(() => launchOf("hivemq", { append: "<x/>" }), /change it by settings/);
});

test("artemis listens on loopback only, keeps what it confirmed, and never gives a message up", () => {
  const own = "<configuration/>";
  const conf = launchOf("artemis").files["conf/broker.xml"] ?? "";
  for (const part of [
    '<acceptor name="mqtt">tcp://127.0.0.1:20001?protocols=MQTT</acceptor>',
    "<persistence-enabled>true</persistence-enabled>",
    "<max-delivery-attempts>-1</max-delivery-attempts>",
  ]) {
    assert.ok(conf.includes(part), part);
  }
  assert.equal(conf.split("<acceptor ").length, 2);
  assert.equal(launchOf("artemis", { files: { "conf/broker.xml": own } }).files["conf/broker.xml"], own);
  for (const changes of [
    { append: "<x/>" },
    { settings: {} },
    { credentials: { username: "cook", password: "salt" } },
  ]) {
    assert.throws(() => launchOf("artemis", changes), /give another "conf\/broker.xml"/);
  }
});
