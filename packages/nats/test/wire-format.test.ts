import { MsgHdrsImpl } from "@nats-io/nats-core";
import type { OutboundRecord } from "@busbar/core/contract";
import { expect, it } from "vitest";
import { folded, requested, sampleRecord, wireFormatBlock } from "../../../integration/wire-format-blocks.ts";
import { recordToHeaders } from "../src/from-record.ts";
import { topicToSubject } from "../src/topic.ts";

function headersOf(record: OutboundRecord): Record<string, unknown> {
  const { headers } = recordToHeaders(record);
  const decoded = MsgHdrsImpl.decode((headers as unknown as { encode(): Uint8Array }).encode());
  return Object.fromEntries([...decoded].map(([name, values]) => [name, values.join()]));
}

it("docs/wire-format.md shows a message on NATS as it is", () => {
  const record = sampleRecord();
  const subject = topicToSubject(record.address);
  const data = Buffer.from(record.body).toString();
  expect({ subject, headers: headersOf(record), data }).toEqual(wireFormatBlock("nats"));
});

it("docs/wire-format.md shows what folding changes on NATS", () => {
  const record = sampleRecord(folded);
  const { "busbar-topic": topic } = headersOf(record);
  expect({ subject: topicToSubject(record.address), "busbar-topic": topic }).toEqual(wireFormatBlock("nats folded"));
});

it("docs/wire-format.md shows what makes a request on NATS", () => {
  const record = sampleRecord(requested);
  const { "busbar-reply-to": replyTo, "busbar-correlation-id": correlationId } = headersOf(record);
  const shown = { "busbar-reply-to": replyTo, "busbar-correlation-id": correlationId };
  expect({ subject: topicToSubject(record.address), ...shown }).toEqual(wireFormatBlock("nats request"));
});
