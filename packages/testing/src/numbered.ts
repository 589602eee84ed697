import assert from "node:assert/strict";
import type { Client, ClientPublishOptions, Inbox, Received } from "./scene/client.ts";

const writer = new TextEncoder();
const reader = new TextDecoder();

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return writer.encode(text);
}

/** The text of some bytes. */
export function textOf(body: Uint8Array): string {
  return reader.decode(body);
}

/** The number that a message of `publishNumbered` carries. */
export function numberIn(received: Pick<Received, "body">): number {
  return Number(textOf(received.body));
}

/** The numbers of everything in the inbox, in the order in which it came. */
export function numbersIn(inbox: Inbox): readonly number[] {
  return inbox.received.map(numberIn);
}

/** Publishes the numbers from `from` up to, not including, `to`, without waiting in between; resolves when all are confirmed. */
export async function publishNumbered(
  client: Client,
  topic: string,
  [from, to]: readonly [number, number],
  options: (index: number) => ClientPublishOptions = () => ({}),
): Promise<void> {
  const indexes = range(from, to);
  await Promise.all(indexes.map((index) => client.publish(topic, bytesOf(String(index)), options(index))));
}

/** The numbers from `from` up to, not including, `to`. */
export function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

/** Fails unless the inbox has each of the numbers from `from` up to `to` once, in whatever order, and nothing else. */
export function assertEachOnce(inbox: Inbox, [from, to]: readonly [number, number], promise: string): void {
  assert.deepEqual([...numbersIn(inbox)].sort(ascending), range(from, to), promise);
}

/** For sorting numbers. */
export function ascending(one: number, other: number): number {
  return one - other;
}
