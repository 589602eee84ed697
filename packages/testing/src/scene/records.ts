import { createHash, randomUUID } from "node:crypto";
import type { OutboundRecord, SubscribeRequest } from "@busbar/core/contract";

/** A record to publish, with everything that a law does not care about filled in. */
export function record(
  topic: string,
  body: Uint8Array,
  rest: Partial<Omit<OutboundRecord, "topic" | "body">> = {},
): OutboundRecord {
  return {
    address: topic,
    topic,
    body,
    headers: {},
    id: randomUUID(),
    timestamp: Date.now(),
    contentType: "application/octet-stream",
    delivery: "at-least-once",
    sending: 1,
    publishToken: randomUUID(),
    ...rest,
  };
}

/** What a law may ask of a subscription on the bare driver. */
export interface RequestOptions {
  readonly group?: string | undefined;
  readonly durable?: boolean | undefined;
  readonly startFrom?: "new" | "earliest" | undefined;
  readonly maxInFlight?: number | undefined;
}

/**
 * A request to subscribe, named as core names it: by group and filter where there is a group, by member and filter where it
 * is durable without one, and by nothing that comes twice otherwise.
 */
export function subscribeRequest(member: string, filter: string, options: RequestOptions = {}): SubscribeRequest {
  const { group } = options;
  const durable = options.durable ?? group !== undefined;
  const identity = group ?? (durable ? member : randomUUID());
  const hash = createHash("sha256").update(`${identity} ${filter}`).digest("hex").slice(0, 12);
  return {
    filter,
    ...(group === undefined ? {} : { group }),
    name: `${(group ?? member).slice(0, 60)}-${hash}`,
    member,
    durable,
    delivery: "at-least-once",
    startFrom: options.startFrom ?? "new",
    maxInFlight: options.maxInFlight ?? 256,
    graceMs: 60_000,
  };
}
