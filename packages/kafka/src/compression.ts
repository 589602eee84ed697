import { ConfigError } from "@busbar/core/driver";
import { promisify } from "node:util";
import zlib from "node:zlib";

/** How what is published is compressed on its way and in the log. */
export type Compression = "none" | "gzip" | "snappy" | "lz4" | "zstd";

/** The number that stands for a compression in a record batch. */
export const compressionCodes: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 };

/** Makes the records of a batch small, and whole again. */
export interface Codec {
  compress(bytes: Buffer): Buffer | Promise<Buffer>;
  decompress(bytes: Buffer): Buffer;
}

const loaded = new Map<number, Codec>();
const loading = new Map<number, Promise<Codec>>();

/** A codec that was loaded before; `undefined` where that is still to be done. */
export function loadedCodec(code: number): Codec | undefined {
  return loaded.get(code);
}

/** Loads the codec of a number. Rejects with a `ConfigError` that says which package it needs, where that is not installed. */
export function codecOf(code: number): Promise<Codec> {
  let codec = loading.get(code);
  if (codec === undefined) {
    codec = load(code).then((found) => {
      loaded.set(code, found);
      return found;
    });
    loading.set(code, codec);
    codec.catch(() => loading.delete(code));
  }
  return codec;
}

/** Loads the codec of what is published, so that it is said before anything is sent where that is missing. Rejects as `codecOf`. */
export async function prepareCompression(compression: Compression): Promise<void> {
  const code = compressionCodes[compression];
  if (code !== 0) await codecOf(code);
}

function load(code: number): Promise<Codec> {
  if (code === compressionCodes.gzip) return Promise.resolve(gzip);
  if (code === compressionCodes.snappy) return loadSnappy();
  if (code === compressionCodes.lz4) return loadLz4();
  if (code === compressionCodes.zstd) return loadZstd();
  return Promise.reject(
    new ConfigError([`a batch is compressed in a way (${code}) that is not known`], { broker: "kafka" }),
  );
}

const gzip: Codec = { compress: promisify(zlib.gzip), decompress: (bytes) => zlib.gunzipSync(bytes) };

async function loadSnappy(): Promise<Codec> {
  const { snappyCompress, snappyDecompress } = await firstInstalled("snappy", [
    () => import("@platformatic/wasm-utils"),
    libraryCodecs,
  ]);
  return { compress: snappyCompress, decompress: (bytes) => withoutFrame(bytes, snappyDecompress) };
}

async function loadLz4(): Promise<Codec> {
  const { lz4Compress, lz4Decompress } = await firstInstalled("lz4", [
    () => import("@platformatic/wasm-utils"),
    libraryCodecs,
  ]);
  return { compress: lz4Compress, decompress: lz4Decompress };
}

/** The codecs that come along with the other client. */
async function libraryCodecs() {
  const { compressionsAlgorithms: all } = await import("@platformatic/kafka");
  return {
    snappyCompress: (bytes: Buffer): Buffer => all.snappy.compressSync(bytes),
    snappyDecompress: (bytes: Buffer): Buffer => all.snappy.decompressSync(bytes),
    lz4Compress: (bytes: Buffer): Buffer => all.lz4.compressSync(bytes),
    lz4Decompress: (bytes: Buffer): Buffer => all.lz4.decompressSync(bytes),
  };
}

interface NodeZstd {
  readonly zstdCompress?: typeof zlib.gzip;
  readonly zstdDecompressSync?: typeof zlib.gunzipSync;
}

/** Node has it since 22.15. */
async function loadZstd(): Promise<Codec> {
  const { zstdCompress, zstdDecompressSync } = zlib as NodeZstd;
  if (zstdCompress !== undefined && zstdDecompressSync !== undefined)
    return { compress: promisify(zstdCompress), decompress: (bytes) => zstdDecompressSync(bytes) };
  const { Zstd } = await firstInstalled("zstd", [() => import("@hpcc-js/wasm-zstd")]);
  const zstd = await Zstd.load();
  return { compress: (bytes) => own(zstd.compress(bytes)), decompress: (bytes) => own(zstd.decompress(bytes)) };
}

const packages = { snappy: "@platformatic/wasm-utils", lz4: "@platformatic/wasm-utils", zstd: "@hpcc-js/wasm-zstd" };

/** The first package that is installed. Rejects with a `ConfigError` that says which one to install where none is. */
export async function firstInstalled<T>(name: keyof typeof packages, ways: readonly (() => Promise<T>)[]): Promise<T> {
  for (const way of ways) {
    try {
      return await way();
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    }
  }
  const problem = `${name} compression needs a package that is not installed: npm install ${packages[name]}`;
  throw new ConfigError([problem], { broker: "kafka" });
}

function own(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What snappy in Java begins with: one or more blocks of their own sizes follow (`org.xerial.snappy.SnappyCodec`). */
const frame = Buffer.from("\u0082SNAPPY\0", "latin1");
const frameBytes = 16;

function withoutFrame(bytes: Buffer, decompress: (block: Buffer) => Buffer): Buffer {
  if (!bytes.subarray(0, frame.length).equals(frame)) return decompress(bytes);
  const blocks: Buffer[] = [];
  for (let at = frameBytes; at < bytes.length;) {
    const end = at + 4 + bytes.readInt32BE(at);
    blocks.push(decompress(bytes.subarray(at + 4, end)));
    at = end;
  }
  return Buffer.concat(blocks);
}
