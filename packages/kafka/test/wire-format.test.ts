import type { OutboundRecord } from "@busbar/core/contract";
import { expect, it } from "vitest";
import { folded, requested, sampleRecord, wireFormatBlock } from "../../../integration/wire-format-blocks.ts";
import { toMessage } from "../src/from-record.ts";
import { topicName } from "../src/topic.ts";

function headersOf(record: OutboundRecord): Record<string, unknown> {
  const { headers } = toMessage(record, false, record.timestamp);
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.toString()]));
}

it("docs/wire-format.md shows a message on Kafka as it is", () => {
  const record = sampleRecord();
  const { key, value, timestamp } = toMessage(record, false, record.timestamp);
  expect({
    topic: topicName(record.address),
    key: key?.toString(),
    timestamp,
    headers: headersOf(record),
    value: value?.toString(),
  }).toEqual(wireFormatBlock("kafka"));
});

it("docs/wire-format.md shows what folding changes on Kafka", () => {
  const record = sampleRecord(folded);
  const { "busbar-topic": topic } = headersOf(record);
  expect({ topic: topicName(record.address), "busbar-topic": topic }).toEqual(wireFormatBlock("kafka folded"));
});

it("docs/wire-format.md shows what makes a request on Kafka", () => {
  const record = sampleRecord(requested);
  const { "busbar-reply-to": replyTo, "busbar-correlation-id": correlationId } = headersOf(record);
  const shown = { "busbar-reply-to": replyTo, "busbar-correlation-id": correlationId };
  expect({ topic: topicName(record.address), ...shown }).toEqual(wireFormatBlock("kafka request"));
});
