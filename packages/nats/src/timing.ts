import { createHash } from "node:crypto";
import type { OutboundRecord } from "@busbar/core/contract";
import { InvalidArgumentError } from "@busbar/core/driver";
import type { HeaderLines } from "./header-lines.ts";
import { firstTokenOf, laterSubjectOf } from "./streams.ts";
import { topicToSubject } from "./topic.ts";

/** The longest life that is written, in seconds: a hundred years. */
const longestLife = 3_153_600_000;
/** The last moment that can be written (RFC 3339). */
const lastMoment = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * Writes when a message expires (NATS ADR-43: whole seconds, so it lives up to one longer) and before when it is not to be delivered
 * (NATS ADR-51: to the millisecond, by the clock of this machine against that of the server). Throws an `InvalidArgumentError` for what could never arrive.
 */
export function addTiming(lines: HeaderLines, record: OutboundRecord): void {
  const { delayMs, expiresInMs } = record;
  if (delayMs === undefined) {
    if (expiresInMs !== undefined) lines.add("Nats-TTL", lifeOf(expiresInMs));
    return;
  }
  const due = Math.ceil(Date.now() + delayMs);
  if (due > lastMoment) throw invalid(record, "later than the year 9999");
  lines.add("Nats-Schedule", `@at ${new Date(due).toISOString()}`);
  lines.add("Nats-Schedule-Target", topicToSubject(record.address));
  // What waits for its time must not reach the end of the stream's max_age before.
  lines.add("Nats-TTL", "never");
  if (expiresInMs === undefined) return;
  if (expiresInMs <= delayMs) throw invalid(record, `after it has expired, in ${expiresInMs} ms`);
  lines.add("Nats-Schedule-TTL", lifeOf(expiresInMs - delayMs));
}

/** Where a message waits for its time: a subject of its own for each publish call, in the stream that takes `subject`. */
export function laterSubject({ publishToken }: OutboundRecord, subject: string): string {
  const own = createHash("sha256").update(publishToken).digest("hex").slice(0, 32);
  return `${laterSubjectOf(firstTokenOf(subject))}.${own}`;
}

function lifeOf(milliseconds: number): string {
  return `${Math.min(Math.max(1, Math.ceil(milliseconds / 1_000)), longestLife)}s`;
}

function invalid({ topic, delayMs }: OutboundRecord, when: string): InvalidArgumentError {
  return new InvalidArgumentError(`A message to "${topic}" with delayMs ${delayMs} would be due ${when}.`, {
    broker: "nats",
    topic,
  });
}
