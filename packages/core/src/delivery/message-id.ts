import { v7 } from "uuid";

/** The last hexadecimal digits count within a millisecond: to draw new bytes for every id costs more than all else that a publish does. */
const countedDigits = 6;
const countEnd = 16 ** countedDigits;
const bytesPerId = 16;

/** Drawn for many milliseconds together: to ask the system for a few bytes costs as much as a message. */
const random = new Uint8Array(256 * bytesPerId);
let used = random.length;

let drawnAt = 0;
let drawn = "";
let count = countEnd;

/**
 * Makes a UUID of version 7: unique everywhere, and later than every one that this process has made before. Each millisecond has random bits of its own,
 * and its ids count up from there (RFC 9562, section 6.2, method 2).
 */
export function messageId(): string {
  const now = Date.now();
  if (now > drawnAt) draw(now);
  // A clock that was put back for long: the ids stay ahead of it.
  else if (count === countEnd) draw(drawnAt + 1);
  return drawn + (countEnd + count++).toString(16).slice(1);
}

function draw(msecs: number): void {
  if (used === random.length) {
    globalThis.crypto.getRandomValues(random);
    used = 0;
  }
  const id = v7({ msecs, random: random.subarray(used, (used += bytesPerId)) });
  drawnAt = msecs;
  drawn = id.slice(0, -countedDigits);
  // The upper half is left free to count in, so that it does not run over within a millisecond.
  count = Number.parseInt(id.slice(-countedDigits), 16) & (countEnd / 2 - 1);
}
