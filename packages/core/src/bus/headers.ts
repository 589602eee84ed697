import { InvalidArgumentError } from "../errors.ts";
import type { Headers } from "../contract/index.ts";
import { setOwn } from "../driver/set-own.ts";

const name = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
// Control characters end a header on one broker or another, and a lone surrogate has no bytes.
const unfit = /[\p{Cc}\p{Cs}]/u;

/** Headers that every broker carries unharmed, copied; or an `InvalidArgumentError` that says which one is not. */
export function checkedHeaders(headers: Headers, topic: string): Headers {
  const copy: Record<string, string> = {};
  for (const key of Object.keys(headers)) {
    const value = headers[key];
    const problem = problemOf(key, value);
    if (problem !== undefined) throw new InvalidArgumentError(`publish("${topic}"): ${problem}`, { topic });
    setOwn(copy, key, value as string);
  }
  return copy;
}

function problemOf(key: string, value: unknown): string | undefined {
  const shown = JSON.stringify(key.length > 60 ? `${key.slice(0, 57)}...` : key);
  if (!name.test(key)) return `header name ${shown} is not 1 to 128 letters, digits or !#$%&'*+-.^_\`|~.`;
  if (/^busbar-/i.test(key) || key.toLowerCase() === "content-type")
    return `header name ${shown} is the bus's own; the options id, key, contentType and expiresInMs set those.`;
  if (typeof value !== "string")
    return `the value of header ${shown} is not a string but ${value === null ? "null" : typeof value}.`;
  if (unfit.test(value)) return `the value of header ${shown} has control characters or a lone surrogate; encode it.`;
  return undefined;
}
