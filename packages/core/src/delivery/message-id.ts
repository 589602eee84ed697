import { UUID } from "uuidv7";

/** The last hexadecimal digits count within a millisecond: to draw new bytes for every id costs more than all else that a publish does. */
const countedDigits = 6;
const countEnd = 16 ** countedDigits;
const wordsPerId = 3;

/** Drawn for many milliseconds together: to ask the system for a few bytes costs as much as a message. */
const random = new Uint32Array(256 * wordsPerId);
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
  const [a = 0, high = 0, low = 0] = random.subarray(used, (used += wordsPerId));
  drawnAt = msecs;
  drawn = UUID.fromFieldsV7(msecs, a & 0xfff, high & 0x3fffffff, low)
    .toString()
    .slice(0, -countedDigits);
  // The upper half is left free to count in, so that it does not run over within a millisecond.
  count = low & (countEnd / 2 - 1);
}
