import { CompressionTypes } from "kafkajs";
import type { Compression } from "../compression.ts";

/** Compressions as kafkajs calls them. */
export const compressionTypes: Readonly<Record<Compression, CompressionTypes>> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};
