import type { Codec } from "../contract/index.ts";
import { PayloadError } from "../errors.ts";
import { decodeText, encodeUtf8 } from "./character-set.ts";
import { jsonProblem } from "./json-problem.ts";

/**
 * JSON, strictly: what it writes arrives as it was sent, and what would be dropped or changed in silence (NaN, BigInt,
 * bytes inside of an object, a Map) is a `PayloadError` that names the place. Objects with a `toJSON` of their own,
 * such as dates, are written as that says. Reads what `JSON.parse` reads; a key named `__proto__` becomes a property
 * like any other.
 */
export const jsonCodec: Codec = {
  contentType: "application/json",

  encode(value) {
    let text: string | undefined;
    let problem: string | undefined;
    try {
      text = JSON.stringify(value);
      problem = jsonProblem(value);
    } catch (cause) {
      throw new PayloadError(
        "BUSBAR_CODEC",
        `The payload cannot be written as JSON: ${stringifyProblem(value, cause)}`,
        { cause },
      );
    }
    if (problem !== undefined || text === undefined) {
      throw new PayloadError(
        "BUSBAR_CODEC",
        `The payload cannot be written as JSON: ${problem ?? "its toJSON() gives nothing."}`,
      );
    }
    return encodeUtf8(text);
  },

  decode(body, contentType) {
    const text = decodeText(body, contentType);
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      const what = body.byteLength === 0 ? "An empty body" : `A body of ${body.byteLength} bytes`;
      throw new PayloadError("BUSBAR_CODEC", `${what} came as ${contentType} but is not JSON.`, { cause });
    }
  },
};

const jsonStart = /^[\t\n\r ]*["[{\-0-9tfn]/;

/** The value of a text that is JSON, and the text itself where it is none. */
export function jsonOrText(text: string): unknown {
  // Most texts are told from JSON by their first letter, which costs less than an exception.
  if (!jsonStart.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function stringifyProblem(value: unknown, cause: unknown): string {
  if (cause instanceof RangeError) return "it is nested too deeply.";
  try {
    const problem = jsonProblem(value);
    if (problem !== undefined) return problem;
  } catch {
    return "it refers to itself; send a value without circles.";
  }
  return cause instanceof Error ? cause.message : "its toJSON() throws.";
}
