import assert from "node:assert/strict";
import { test } from "node:test";

import { parseOrder } from "../order.mjs";

test("without a word everything is run, on every broker, with whatever suites start by themselves", () => {
  const { projects, suites, tools, brokers, programs } = parseOrder([]);
  assert.deepEqual(
    { projects, suites, tools, brokers },
    { projects: [], suites: true, tools: true, brokers: undefined },
  );
  assert.deepEqual([...programs].toSorted(), ["chromium", "hivemq", "kafka4", "nats-latest"]);
});

test("a project brings its own brokers and programs alone", () => {
  const { projects, tools, brokers, programs } = parseOrder(["nats", "core"]);
  assert.deepEqual({ projects, tools, brokers }, { projects: ["nats", "core"], tools: false, brokers: ["nats"] });
  assert.deepEqual(programs, ["nats-latest"]);
});

test("a few files get what they need when they start it", () => {
  const { vitestArgs, brokers, programs } = parseOrder(["mqtt", "test/topic"]);
  assert.deepEqual(vitestArgs, ["test/topic"]);
  assert.deepEqual(brokers, ["mosquitto", "rabbitmq"]);
  assert.deepEqual(programs, []);
});
