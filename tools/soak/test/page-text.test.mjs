import assert from "node:assert/strict";
import { test } from "node:test";

import { parts } from "../part-names.mjs";
import { pageText } from "../reliability-page.mjs";
import { protocols } from "../soak-brokers.mjs";

const whole = protocols.flatMap((protocol) =>
  parts.map(({ name }) => ({
    protocol,
    part: name,
    problems: [],
    figures: { handled: 7 },
    version: protocol === "memory" ? "" : `${protocol} 1.0`,
    messages: 1_000,
    seed: 3,
    node: "20.0.0",
    cores: 2,
  })),
);

test("the page tells the command, the machine and the brokers, and has a table for each part", () => {
  const text = pageText(whole.toReversed());
  assert.match(
    text,
    /`npm run soak -- --on <broker> --only <part> --messages 1000 --seed 3`; written by\n`npm run soak -- --write-docs`/,
  );
  assert.match(text, /a machine with 2 cores, Node 20\.0\.0, with mqtt 1\.0; amqp 1\.0/);
  assert.deepEqual(
    [...text.matchAll(/^\| (\S+) on \| handled \|$/gm)].map(([, name]) => name),
    parts.map(({ name }) => name),
  );
  assert.equal([...text.matchAll(/^\| redis \| 7 \|$/gm)].length, parts.length);
});

test("what is no whole, or was not ordered alike, makes no page", () => {
  assert.throws(
    () => pageText(whole.filter(({ protocol, part }) => !(protocol === "nats" && part === "keys"))),
    /no result of keys on nats: npm run soak -- --on nats --only keys/,
  );
  assert.throws(
    () => pageText(whole.map((each, index) => (index === 0 ? { ...each, seed: 4 } : each))),
    /ordered differently/,
  );
});
