import { v7 } from "uuid";

const bytesPerId = 16;

/** Drawn in blocks: to ask the system for the bytes of one id costs more than all else that a publish does. */
const block = new Uint8Array(256 * bytesPerId);
const random = new Uint8Array(bytesPerId);
let used = block.length;

let msecs = 0;
let seq = 0;

/** Makes a UUID of version 7 (RFC 9562): unique everywhere, and later than every one that this process has made before. */
export function messageId(): string {
  drawRandom();
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    // The upper half is left free to count in, so that it cannot run over within a millisecond.
    seq = (((random[6] ?? 0) & 0x3f) << 24) | ((random[7] ?? 0) << 16) | ((random[8] ?? 0) << 8) | (random[9] ?? 0);
  } else seq++;
  return v7({ random, msecs, seq });
}

function drawRandom(): void {
  if (used === block.length) {
    globalThis.crypto.getRandomValues(block);
    used = 0;
  }
  for (let index = 0; index < bytesPerId; index++) random[index] = block[used++] ?? 0;
}
