import assert from "node:assert/strict";
import { test } from "node:test";

import { help, parseOrder } from "../command-line.mjs";
import { brokerNames, usualBrokerNames } from "../known-brokers.mjs";

test("a command without names means the usual brokers where it starts them, and all of them where it does not", () => {
  assert.deepEqual(parseOrder(["up"]), { command: "up", names: usualBrokerNames, json: false });
  assert.deepEqual(parseOrder(["down"]), { command: "down", names: brokerNames, json: false });
  for (const further of ["kafka4", "nats-latest", "hivemq", "artemis"]) {
    assert.ok(brokerNames.includes(further) && !usualBrokerNames.includes(further));
  }
  assert.deepEqual(parseOrder(["status", "--json", "nats"]), { command: "status", names: ["nats"], json: true });
});

for (const args of [[], ["--help"], ["up", "-h"], ["help"]]) {
  test(`[${args.join(" ")}] asks for help`, () => assert.equal(parseOrder(args).command, "help"));
}

test("what is not known is refused by naming what is", () => {
  assert.throws(() => parseOrder(["start"]), /no command "start"; known are up, down, status/);
  assert.throws(
    () => parseOrder(["up", "nats", "redis-cluster"]),
    /no broker "redis-cluster"; known are mosquitto, rabbitmq, nats, kafka/,
  );
  assert.throws(() => parseOrder(["up", "--jsn"]), /--jsn/);
});

test("the help names every broker", () => {
  for (const name of brokerNames) {
    assert.ok(help.includes(name), name);
  }
});
