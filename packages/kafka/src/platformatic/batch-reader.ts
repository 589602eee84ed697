import { setOwn } from "@busbar/core/driver";
import type { ClientRecord } from "../client.ts";

/** A producer whose transaction was given up, and from where on. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/** What a fetch brought of one partition. */
export interface ReadRecords {
  readonly records: ClientRecord[];
  /** Where to go on: behind the last batch that was there in whole. */
  readonly next: number;
}

/** Makes whole what a batch was compressed to. By the number that stands in the batch. */
export type Decompress = (algorithm: number, bytes: Buffer) => Buffer;

const headerBytes = 61;
const compression = 0b111;
const stampedByBroker = 0b1000;
const transactional = 0b1_0000;
const control = 0b10_0000;

/**
 * Reads record batches (version 2) from an offset on. The bytes of a record are parts of what was read, no copies. What belongs
 * to no message stays out: the marks of transactions and the records of those that were given up.
 */
export function readBatches(
  log: Buffer,
  from: number,
  aborted: readonly AbortedTransaction[],
  decompress: Decompress,
): ReadRecords {
  const records: ClientRecord[] = [];
  const givenUp = new Set<bigint>();
  const begun = [...aborted].sort((one, other) => (one.firstOffset < other.firstOffset ? -1 : 1));
  let next = from;
  for (let at = 0; log.length - at >= headerBytes;) {
    const size = 12 + log.readInt32BE(at + 8);
    // The last one may be cut off; it comes whole with the next fetch.
    if (log.length - at < size) break;
    const base = offsetAt(log, at);
    const attributes = log.readInt16BE(at + 21);
    const last = base + log.readInt32BE(at + 23);
    const producerId = log.readBigInt64BE(at + 43);
    for (; begun[0] !== undefined && begun[0].firstOffset <= last; begun.shift()) givenUp.add(begun[0].producerId);
    if ((attributes & control) !== 0) givenUp.delete(producerId);
    else if ((attributes & transactional) === 0 || !givenUp.has(producerId)) {
      const packed = log.subarray(at + headerBytes, at + size);
      const algorithm = attributes & compression;
      const bytes = algorithm === 0 ? packed : decompress(algorithm, packed);
      const stamp = (attributes & stampedByBroker) === 0 ? offsetAt(log, at + 27) : offsetAt(log, at + 35);
      const reader = new RecordReader(bytes, base, stamp, (attributes & stampedByBroker) === 0);
      for (let count = log.readInt32BE(at + 57); count > 0; count--) {
        const record = reader.read();
        if ((record.offset as number) >= from) records.push(record);
      }
    }
    if (last >= next) next = last + 1;
    at += size;
  }
  return { records, next };
}

/** A 64-bit number, exact as far as numbers are. */
function offsetAt(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 4_294_967_296 + bytes.readUInt32BE(at + 4);
}

/** The records of one batch, one after the other. */
class RecordReader {
  readonly #bytes: Buffer;
  readonly #base: number;
  readonly #stamp: number;
  readonly #ownStamps: boolean;
  #at = 0;

  constructor(bytes: Buffer, base: number, stamp: number, ownStamps: boolean) {
    this.#bytes = bytes;
    this.#base = base;
    this.#stamp = stamp;
    this.#ownStamps = ownStamps;
  }

  read(): ClientRecord {
    const size = this.#number();
    const end = this.#at + size;
    this.#at++;
    const later = this.#number();
    const offset = this.#base + this.#number();
    const key = this.#part();
    const value = this.#part();
    const headers = this.#headers();
    this.#at = end;
    return { key, value, headers, timestamp: this.#ownStamps ? this.#stamp + later : this.#stamp, offset };
  }

  #headers(): Record<string, unknown> {
    const headers: Record<string, unknown> = {};
    for (let count = this.#number(); count > 0; count--) {
      const length = this.#number();
      const name = this.#bytes.toString("utf8", this.#at, this.#at + length);
      this.#at += length;
      const value = this.#part();
      if (!(name in headers)) headers[name] = value;
      else repeat(headers, name, value);
    }
    return headers;
  }

  #part(): Buffer | null {
    const length = this.#number();
    if (length < 0) return null;
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  /** A number of variable length, small ones of either sign in few bytes. */
  #number(): number {
    let byte = this.#bytes[this.#at++] ?? 0;
    if (byte < 128) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 127;
    for (let factor = 128; byte >= 128; factor *= 128) {
      byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 127) * factor;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

/** A name that stands there several times, or that every object has. */
function repeat(headers: Record<string, unknown>, name: string, value: unknown): void {
  const former = Object.hasOwn(headers, name) ? headers[name] : undefined;
  const both =
    former === undefined ? value : Array.isArray(former) ? [...(former as unknown[]), value] : [former, value];
  setOwn(headers, name, both);
}
