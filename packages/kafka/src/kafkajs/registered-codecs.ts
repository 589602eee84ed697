import kafkajs from "kafkajs";
import { codecOf } from "../compression.ts";

const { CompressionCodecs, CompressionTypes } = kafkajs;

/** What kafkajs gives a codec to compress. */
interface Encoder {
  readonly buffer: Buffer;
}

/** Gives kafkajs the codecs that it has not, for all of its objects in the process. One that somebody registered stays. */
export function registerCodecs(): void {
  for (const code of [CompressionTypes.Snappy, CompressionTypes.LZ4, CompressionTypes.ZSTD] as const) {
    if (isThere(code)) continue;
    CompressionCodecs[code] = () => ({
      compress: async ({ buffer }: Encoder) => (await codecOf(code)).compress(buffer),
      decompress: async (bytes: Buffer) => (await codecOf(code)).decompress(bytes),
    });
  }
}

/** One that is missing throws. */
function isThere(code: number): boolean {
  try {
    (CompressionCodecs as Readonly<Record<number, () => unknown>>)[code]?.();
    return true;
  } catch {
    return false;
  }
}
