import { expect, it } from "vitest";
import { sampleRecord, wireFormatBlock } from "../../../integration/wire-format-blocks.ts";
import { deadLetterContentType, deadLetterFromRecord, deadLetterToRecord } from "../src/delivery/dead-letter.ts";
import type { DeadLetter } from "../src/delivery/dead-letter.ts";

const { id, topic, key, headers, body, contentType, timestamp } = sampleRecord();
const letter: DeadLetter = {
  ...{ id, topic, key, headers, body, contentType, timestamp },
  group: "saver",
  filter: "sensor.*.temperature",
  reason: "attempts-exhausted",
  error: "Error: the database is full",
  attempts: 3,
  deadAt: 1_700_000_060_000,
};

it("docs/wire-format.md shows the headers of a dead letter as they are", () => {
  const record = deadLetterToRecord(letter, "_busbar.dlq.saver", true);
  expect(record).toMatchObject({ id, key, body, contentType, timestamp });
  expect(record.headers).toEqual({ ...headers, ...(wireFormatBlock("dead-letter") as object) });
});

it.each([
  ["without headers", letter, false],
  ["with an empty body", { ...letter, body: new Uint8Array() }, true],
])("a dead letter %s is an envelope that gives everything back", (_, dead, headersCarried) => {
  const record = deadLetterToRecord(dead, "_busbar.dlq.saver", headersCarried);
  expect(record).toMatchObject({ headers: {}, contentType: deadLetterContentType });
  expect(record.contentType).toBe("application/vnd.busbar.dead-letter+json");
  const back = deadLetterFromRecord(record, "saver", headersCarried);
  expect({ ...back, body: new Uint8Array(back.body) }).toEqual(dead);
});
