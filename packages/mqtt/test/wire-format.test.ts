import type { OutboundRecord } from "@busbar/core/contract";
import { expect, it } from "vitest";
import { folded, requested, sampleRecord, wireFormatBlock } from "../../../integration/wire-format-blocks.ts";
import { fromRecord } from "../src/from-record.ts";

function onTheWire(record: OutboundRecord): Record<string, unknown> {
  const { topic, payload, options } = fromRecord(record, 5);
  return { topic, ...options, payload: payload.toString() };
}

it("docs/wire-format.md shows a message on MQTT as it is", () => {
  expect(onTheWire(sampleRecord())).toEqual(wireFormatBlock("mqtt"));
});

it("docs/wire-format.md shows what folding changes on MQTT", () => {
  const { topic, options } = fromRecord(sampleRecord(folded), 5);
  const { "busbar-meta": metadata } = options.properties?.userProperties ?? {};
  expect({ topic, "busbar-meta": metadata }).toEqual(wireFormatBlock("mqtt folded"));
});

it("docs/wire-format.md shows what makes a request on MQTT", () => {
  const { topic, options } = fromRecord(sampleRecord(requested), 5);
  const { responseTopic, correlationData } = options.properties ?? {};
  expect({ topic, responseTopic, correlationData: correlationData?.toString() }).toEqual(
    wireFormatBlock("mqtt request"),
  );
});

it("docs/wire-format.md shows the envelope that MQTT 3.1.1 may be told to use", () => {
  const { payload } = fromRecord(sampleRecord(), 4, { envelope: true });
  expect(JSON.parse(payload.toString())).toEqual(wireFormatBlock("mqtt envelope"));
});
