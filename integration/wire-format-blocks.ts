import { readFileSync } from "node:fs";
import type { OutboundRecord } from "@busbar/core/contract";

const page = readFileSync(new URL("../docs/wire-format.md", import.meta.url), "utf8");

/** The value of the JSON block of `docs/wire-format.md` that is marked so; throws where there is not exactly one. */
export function wireFormatBlock(mark: string): unknown {
  const blocks = [...page.matchAll(/^```json (.+)\n([^]*?)^```$/gm)].filter(([, marked]) => marked === mark);
  const [text, ...others] = blocks.map(([, , json]) => json);
  if (text === undefined || others.length > 0)
    throw new Error(`docs/wire-format.md has ${blocks.length} blocks marked "json ${mark}" instead of one`);
  return JSON.parse(text);
}

/** The record of which the page shows what it looks like on every broker. */
export function sampleRecord(changes: Partial<OutboundRecord> = {}): OutboundRecord {
  const sample = wireFormatBlock("record") as Omit<OutboundRecord, "body"> & { readonly body: string };
  return { ...sample, body: new TextEncoder().encode(sample.body), ...changes };
}

/** What the page changes of the record to show a folded topic. */
export const folded: Partial<OutboundRecord> = { address: "sensors" };

/** What the page changes of the record to show a request. */
export const requested: Partial<OutboundRecord> = {
  address: "_busbar.rpc.sensor.kitchen.temperature",
  topic: "_busbar.rpc.sensor.kitchen.temperature",
  delivery: "at-most-once",
  replyTo: "_busbar.reply.report-7398f",
  correlationId: "0190b5d0-7c3e-7cc3-98c4-dc0c0c07398f.1700000030123",
};
