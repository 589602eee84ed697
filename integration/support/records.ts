import { randomUUID } from "node:crypto";
import type { OutboundRecord, SubscribeRequest } from "@busbar/core/contract";

/** A text that no other test uses. */
export function unique(prefix: string = "t"): string {
  return `${prefix}${randomUUID().replaceAll("-", "").slice(0, 12)}`;
}

/** A record with everything that a driver needs filled in. */
export function record(
  address: string,
  body: string | Uint8Array = "",
  changes: Partial<OutboundRecord> = {},
): OutboundRecord {
  return {
    address,
    topic: address,
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
    headers: {},
    id: randomUUID(),
    timestamp: 1_700_000_000_123,
    contentType: "application/json",
    delivery: "at-least-once",
    sending: 1,
    publishToken: randomUUID(),
    ...changes,
  };
}

/** A request for a subscription of its own, durable where it has a group, that begins now. */
export function request(filter: string, changes: Partial<SubscribeRequest> = {}): SubscribeRequest {
  return {
    filter,
    name: unique("busbar-test-"),
    member: "test-0",
    durable: changes.group !== undefined,
    delivery: "at-least-once",
    startFrom: "new",
    maxInFlight: 256,
    graceMs: 60_000,
    ...changes,
  };
}
