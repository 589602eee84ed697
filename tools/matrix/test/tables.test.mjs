import assert from "node:assert/strict";
import { test } from "node:test";

import { driftBetween } from "../drift.mjs";
import { withMarkedPart } from "../marked-part.mjs";
import { findingsOf, matrixOfAll } from "../tables.mjs";

/** @import { Certificate } from "../certificates.mjs" */

const arrival = { law: "A1", face: "bus", title: "arrives", everywhere: true };
const passed = { ...arrival, status: "passed", form: "positive" };
const pending = { ...arrival, law: "I4", status: "pending", reason: "not there yet" };
const broken = { ...arrival, law: "C4", status: "broken", reason: "it sends in batches" };

/** @type {Certificate} */
const certificate = {
  name: "acme",
  adapter: "acme",
  product: "Acme",
  version: "1.2",
  declared: { groups: "native", retain: "emulated" },
  effective: { groups: "native", retain: "unsupported" },
  results: [passed, pending],
};

test("the table of all brokers shows what each server really does", () => {
  const other = { ...certificate, effective: { groups: "emulated" }, results: [passed, broken] };
  const lines = matrixOfAll([{ certificate }, { certificate: other, called: "Acme by night" }]).split("\n");
  assert.equal(lines[0], "|  | Acme 1.2 | Acme by night |");
  assert.ok(lines.includes("| groups of competing consumers | ✓ | (✓) |"));
  assert.ok(lines.includes("| `retain` | – | – |"));
  assert.ok(lines.includes("| promises of the kit that are kept | 1 of 1 | 1 of 2 |"));
});

test("a capability without words is an error, not a missing row", () => {
  const unknown = { ...certificate, declared: { ...certificate.declared, teleport: "native" } };
  assert.throws(() => matrixOfAll([{ certificate: unknown }]), /no words for teleport/);
});

test("the page of a broker names each case that did not pass, with its reason", () => {
  const others = [broken, { ...broken, face: "driver" }, { ...broken, law: "C7" }];
  const part = findingsOf([
    { certificate },
    { certificate: { ...certificate, name: "acme2", results: [passed, ...others] }, called: "Acme by night" },
  ]);
  assert.match(part, /^\| capability \| name \| the adapter at best \| Acme 1\.2 \| Acme by night \|$/m);
  assert.match(
    part,
    /^The conformance kit, run against Acme 1\.2: 1 of 2 cases passed\.\n- I4 on the bus: pending, not there yet$/m,
  );
  assert.match(part, /^The conformance kit, run against Acme by night: 1 of 4 cases passed\.$/m);
  assert.match(part, /^- C4, C7: broken by the server, not tried; it sends in batches$/m);
  assert.match(
    part,
    /\[Acme 1\.2\]\(\.\.\/certificates\/acme\.json\), \[Acme by night\]\(\.\.\/certificates\/acme2\.json\)/,
  );
});

test("another capability, another ending and another case are drift, another version is not", () => {
  const kept = new Map([["acme", certificate]]);
  assert.deepEqual(driftBetween(kept, new Map([["acme", { ...certificate, version: "1.3" }]])), []);
  const found = {
    ...certificate,
    declared: { ...certificate.declared, retain: "native" },
    results: [{ ...arrival, status: "failed" }],
  };
  assert.deepEqual(driftBetween(kept, new Map([["acme", found]])), [
    "acme: declared retain was emulated, is native",
    "acme: case A1 on the bus (arrives) was passed, positive, is failed",
    "acme: case I4 on the bus (arrives) was pending, is not there",
  ]);
});

test("only what is between the marks of a page is written, and a page without marks is an error", () => {
  const page = "before\n<!-- written by it: begin -->old<!-- written by it: end -->\nafter";
  assert.equal(
    withMarkedPart("a.md", page, "it", "new"),
    "before\n<!-- written by it: begin -->\n\nnew\n\n<!-- written by it: end -->\nafter",
  );
  assert.throws(() => withMarkedPart("a.md", "nothing", "it", "new"), /a\.md has lost its marks/);
});
