import assert from "node:assert/strict";
import { test } from "node:test";

import { mayInstall, requiredBrokers, urlsFromEnvironment } from "../environment.mjs";
import { brokerKind, brokerNames } from "../known-brokers.mjs";

test("a broker is taken from the environment only when its main URL is there", () => {
  const rabbitmq = brokerKind("rabbitmq");
  assert.equal(urlsFromEnvironment(rabbitmq, {}), undefined);
  assert.equal(
    urlsFromEnvironment(rabbitmq, { BUSBAR_TEST_RABBITMQ_URL: "", BUSBAR_TEST_RABBITMQ_MQTT_URL: "mqtt://h:1883" }),
    undefined,
  );
  assert.deepEqual(
    urlsFromEnvironment(rabbitmq, {
      BUSBAR_TEST_RABBITMQ_URL: "amqp://h:5672",
      BUSBAR_TEST_RABBITMQ_MANAGEMENT_URL: "http://h:15672",
    }),
    { amqp: "amqp://h:5672", management: "http://h:15672" },
  );
});

test("an address without a scheme gets the one of the main endpoint", () => {
  assert.deepEqual(urlsFromEnvironment(brokerKind("kafka"), { BUSBAR_TEST_KAFKA_URL: "127.0.0.1:9092" }), {
    kafka: "kafka://127.0.0.1:9092",
  });
});

test("required brokers are none, all or the named ones, and an unknown one is an error", () => {
  assert.deepEqual(requiredBrokers({}), []);
  assert.deepEqual(requiredBrokers({ BUSBAR_REQUIRE_BROKERS: "all" }), brokerNames);
  assert.deepEqual(requiredBrokers({ BUSBAR_REQUIRE_BROKERS: "nats, kafka," }), ["nats", "kafka"]);
  assert.throws(
    () => requiredBrokers({ BUSBAR_REQUIRE_BROKERS: "nats,activemq" }),
    /no broker "activemq"; known are mosquitto, rabbitmq/,
  );
});

test("installing is forbidden by one word, and a misspelled word is an error", () => {
  assert.equal(mayInstall({}), true);
  assert.equal(mayInstall({ BUSBAR_BROKERS: "existing" }), false);
  assert.throws(() => mayInstall({ BUSBAR_BROKERS: "exsiting" }), /only value it takes is "existing"/);
});
