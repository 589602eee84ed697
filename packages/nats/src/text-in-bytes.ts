// By hand, on bytes: each message has several numbers, and a text that is made for each costs five times as much.

/** Tells whether bytes begin with others. */
export function beginsWith(bytes: Uint8Array, begin: Uint8Array): boolean {
  for (let at = 0; at < begin.length; at++) if (bytes[at] !== begin[at]) return false;
  return true;
}

/** The whole number whose decimal digits stand from one place up to another; `NaN` where anything else does. */
export function numberIn(bytes: Uint8Array, from: number, to: number): number {
  let value = from < to ? 0 : Number.NaN;
  for (let at = from; at < to; at++) value = isDigit(bytes[at]) ? 10 * value + (bytes[at] as number) - 48 : Number.NaN;
  return value;
}

/** Where the decimal digits end that begin there. */
export function endOfNumber(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isDigit(bytes[at])) at++;
  return at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}
