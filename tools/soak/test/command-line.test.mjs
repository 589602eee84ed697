import assert from "node:assert/strict";
import { test } from "node:test";

import { help, parseOrder } from "../command-line.mjs";
import { parts } from "../part-names.mjs";

test("everything is soaked unless a part is named", () => {
  const order = parseOrder(["--on", "all"]);
  assert.deepEqual(order.on, ["memory", "mqtt", "amqp", "kafka", "nats", "redis"]);
  assert.deepEqual(
    order.names,
    parts.map(({ name }) => name),
  );
  assert.equal(order.messages, 1_000_000);
  const some = parseOrder(["--on", "mqtt,redis", "--only", "flow,keys", "--messages", "5000", "--seed", "7"]);
  assert.deepEqual(some.on, ["mqtt", "redis"]);
  assert.deepEqual(some.names, ["flow", "keys"]);
  assert.equal(some.messages, 5_000);
  assert.equal(some.seed, 7);
});

test("what is not understood is refused with what is known", () => {
  assert.throws(() => parseOrder([]), /--on is missing: memory, mqtt/);
  assert.throws(() => parseOrder(["--on", "rabbit"]), /--on "rabbit": known are memory/);
  assert.throws(() => parseOrder(["--on", "all", "--only", "flows"]), /--only "flows": known are flow, backlog/);
  assert.throws(() => parseOrder(["--on", "all", "--messages", "many"]), /--messages "many"/);
  assert.throws(() => parseOrder(["--on", "mqtt", "--write-docs"]), /--write-docs runs nothing/);
  assert.equal(parseOrder(["--write-docs"]).writesDocs, true);
});

test("help needs nothing else and names every part", () => {
  assert.equal(parseOrder(["--help"]).isHelp, true);
  for (const { name, title } of parts) {
    assert.ok(help.includes(name) && help.includes(title));
  }
});
