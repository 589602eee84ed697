import assert from "node:assert/strict";
import { test } from "node:test";

import { markdownTable } from "../reliability-page.mjs";
import { reportTables } from "../report.mjs";

test("each part has a table, each broker a row, and a failure shows", () => {
  const tables = reportTables([
    { protocol: "memory", part: "flow", problems: [], figures: { handled: 1_000_000, lost: 0 } },
    { protocol: "memory", part: "bodies", problems: [], figures: { refused: "none" } },
    { protocol: "mqtt", part: "flow", problems: ["grown"], figures: { handled: 10, lost: 1 } },
    { protocol: "nats", part: "flow", problems: ["it ended by itself"] },
  ]);
  assert.deepEqual(tables, [
    {
      part: "flow",
      rows: [
        ["flow on", "handled", "lost"],
        ["memory", "1,000,000", "0"],
        ["mqtt (failed)", "10", "1"],
        ["nats (failed)", "-", "-"],
      ],
    },
    {
      part: "bodies",
      rows: [
        ["bodies on", "refused"],
        ["memory", "none"],
      ],
    },
  ]);
});

test("a table of Markdown has its figures flush right", () => {
  assert.equal(
    markdownTable([
      ["flow", "lost"],
      ["mqtt", "0"],
    ]),
    "| flow | lost |\n| --- | --: |\n| mqtt | 0 |",
  );
});
