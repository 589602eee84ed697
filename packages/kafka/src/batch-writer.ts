import type { ClientMessage } from "./client.ts";
import type { Codec } from "./compression.ts";
import type { BatchNumber } from "./producer-identity.ts";

const headerBytes = 61;
const magic = 2;
/** The attribute of a batch that belongs to a transaction. */
const transactional = 0b1_0000;
/** How many names of headers are kept in bytes. */
const maxNames = 1_000;
const names = new Map<string, Buffer>();

/**
 * Writes messages as one record batch (version 2), in their order and into one buffer: a batch is most of what a publish
 * costs, and the library's own writer makes a buffer of every number.
 */
export function writeBatch(
  messages: readonly ClientMessage[],
  crc32c: (bytes: Buffer) => number,
  number?: BatchNumber,
  inTransaction = false,
): Buffer {
  let first = messages[0]?.timestamp ?? 0;
  let last = first;
  for (const { timestamp } of messages) if (timestamp > last) last = timestamp;
  first = Math.trunc(first);
  const sizes = messages.map((message, index) => sizeOf(message, index, Math.trunc(message.timestamp) - first));
  let total = headerBytes;
  for (const size of sizes) total += varintBytes(size * 2) + size;
  const bytes = Buffer.allocUnsafe(total);
  let at = headerBytes;
  messages.forEach((message, index) => {
    at = writeRecord(bytes, at, sizes[index] ?? 0, message, index, Math.trunc(message.timestamp) - first);
  });
  bytes.writeBigInt64BE(0n, 0);
  bytes.writeInt32BE(total - 12, 8);
  bytes.writeInt32BE(-1, 12);
  bytes.writeInt8(magic, 16);
  bytes.writeInt16BE(inTransaction ? transactional : 0, 21);
  bytes.writeInt32BE(messages.length - 1, 23);
  bytes.writeBigInt64BE(BigInt(first), 27);
  bytes.writeBigInt64BE(BigInt(Math.trunc(last)), 35);
  // Without a producer id, epoch and sequence it is one that is never sent twice.
  bytes.writeBigInt64BE(number?.producerId ?? -1n, 43);
  bytes.writeInt16BE(number?.producerEpoch ?? -1, 51);
  bytes.writeInt32BE(number?.sequence ?? -1, 53);
  bytes.writeInt32BE(messages.length, 57);
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
  return bytes;
}

/** The batch with its records compressed. */
export async function compressBatch(
  batch: Buffer,
  code: number,
  codec: Codec,
  crc32c: (bytes: Buffer) => number,
): Promise<Buffer> {
  const records = await codec.compress(batch.subarray(headerBytes));
  const bytes = Buffer.concat([batch.subarray(0, headerBytes), records]);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt16BE(batch.readInt16BE(21) | code, 21);
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
  return bytes;
}

function sizeOf({ key, value, headers }: ClientMessage, index: number, later: number): number {
  let size = 1 + varintBytes(zigzag(later)) + varintBytes(index * 2) + sizeOfBytes(key) + sizeOfBytes(value);
  let count = 0;
  for (const name in headers) {
    size += sizeOfBytes(bytesOfName(name)) + sizeOfBytes(headers[name] ?? null);
    count++;
  }
  return size + varintBytes(count * 2);
}

function sizeOfBytes(bytes: Buffer | null): number {
  return bytes === null ? 1 : varintBytes(bytes.length * 2) + bytes.length;
}

function writeRecord(
  bytes: Buffer,
  start: number,
  size: number,
  { key, value, headers }: ClientMessage,
  index: number,
  later: number,
): number {
  let at = writeVarint(bytes, start, size * 2);
  bytes[at++] = 0;
  at = writeVarint(bytes, at, zigzag(later));
  at = writeVarint(bytes, at, index * 2);
  at = writeBytes(bytes, at, key);
  at = writeBytes(bytes, at, value);
  let count = 0;
  for (const _ in headers) count++;
  at = writeVarint(bytes, at, count * 2);
  for (const name in headers) {
    at = writeBytes(bytes, at, bytesOfName(name));
    at = writeBytes(bytes, at, headers[name] ?? null);
  }
  return at;
}

function writeBytes(bytes: Buffer, at: number, value: Buffer | null): number {
  if (value === null) {
    bytes[at] = 1;
    return at + 1;
  }
  const start = writeVarint(bytes, at, value.length * 2);
  bytes.set(value, start);
  return start + value.length;
}

/** Small numbers of either sign become small ones without; exact beyond 32 bits too. */
function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) + 128;
  bytes[at] = rest;
  return at + 1;
}

function bytesOfName(name: string): Buffer {
  let bytes = names.get(name);
  if (bytes === undefined) {
    if (names.size >= maxNames) names.clear();
    names.set(name, (bytes = Buffer.from(name, "utf8")));
  }
  return bytes;
}
