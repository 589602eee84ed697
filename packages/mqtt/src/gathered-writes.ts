import { oncePerTurn } from "@busbar/core/driver";
import type { MqttClient } from "mqtt";
import { Buffer } from "./buffer.ts";

type Stream = MqttClient["stream"];

/** A chunk of this size is not copied: it costs more than the system call that it would save. */
const largeBytes = 16 * 1024;
/** So much is written before the turn is over, so that the stream notices when its reader does not keep up. */
const mostBytes = 64 * 1024;

/**
 * Hands the socket one buffer for what is written in a turn of the event loop. mqtt.js writes every part of every packet by itself, four or more
 * of them, and that costs as much as all else that it does for a message.
 */
export function gatherWrites(stream: Stream): void {
  const write = stream.write.bind(stream) as (chunk: Buffer) => boolean;
  const end = stream.end.bind(stream);
  let chunks: Buffer[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (bytes === 0 || stream.destroyed) return;
    const gathered = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, bytes);
    chunks = [];
    bytes = 0;
    write(gathered);
  };
  const flushSoon = oncePerTurn(flush);
  // mqtt.js gives buffers and texts, and no callbacks.
  stream.write = (chunk: Buffer | string): boolean => {
    const buffer = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    if (buffer.byteLength >= largeBytes) {
      flush();
      return write(buffer);
    }
    chunks.push(buffer);
    bytes += buffer.byteLength;
    if (bytes >= mostBytes) flush();
    else flushSoon();
    return !stream.writableNeedDrain;
  };
  stream.end = ((...rest: Parameters<Stream["end"]>) => {
    flush();
    return end(...rest);
  }) as Stream["end"];
}
