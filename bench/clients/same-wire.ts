import { randomUUID } from "node:crypto";
import type { Payload } from "../payload.ts";

/** What is on the wire beside the body, for everybody: the bus cannot leave it out, so nobody does (`docs/wire-format.md`). */
export const contentType = "application/json";

/** An id for a message. */
export const newId: () => string = randomUUID;

export function encode(payload: Payload): Buffer {
  return Buffer.from(JSON.stringify(payload));
}

export function decode(body: Uint8Array): Payload {
  return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()) as Payload;
}
