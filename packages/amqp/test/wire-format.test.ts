import type { OutboundRecord } from "@busbar/core/contract";
import { expect, it } from "vitest";
import { folded, requested, sampleRecord, wireFormatBlock } from "../../../integration/wire-format-blocks.ts";
import { bodyOf, propertiesOf } from "../src/from-record.ts";
import { routingKeyOf } from "../src/topic.ts";

function onTheWire(record: OutboundRecord): Record<string, unknown> {
  return { routingKey: routingKeyOf(record.address), ...propertiesOf(record), body: bodyOf(record).toString() };
}

it("docs/wire-format.md shows a message on RabbitMQ as it is", () => {
  expect(onTheWire(sampleRecord())).toEqual(wireFormatBlock("amqp"));
});

it("docs/wire-format.md shows what folding changes on RabbitMQ", () => {
  const { routingKey, headers } = onTheWire(sampleRecord(folded));
  const { "busbar-topic": topic } = headers as Record<string, unknown>;
  expect({ routingKey, "busbar-topic": topic }).toEqual(wireFormatBlock("amqp folded"));
});

it("docs/wire-format.md shows what makes a request on RabbitMQ", () => {
  const { routingKey, replyTo, correlationId } = onTheWire(sampleRecord(requested));
  expect({ routingKey, replyTo, correlationId }).toEqual(wireFormatBlock("amqp request"));
});
