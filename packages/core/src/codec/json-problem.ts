/**
 * Finds the first thing in a value that JSON would drop or change in silence: a number that is none, bytes, a Map, a
 * Promise, a function, a symbol, a BigInt, a hole in an array. The end of a sentence with the place, or `undefined`
 * when the value arrives as it was sent. An object property that is `undefined` is left out, which is what JSON and
 * TypeScript's optional properties mean by it.
 */
export function jsonProblem(value: unknown): string | undefined {
  return survives(value) ? undefined : describe(value, "payload");
}

/** The hot path: no paths, no strings. */
function survives(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value);
    case "object":
      return value === null || objectSurvives(value);
    default:
      return false;
  }
}

function objectSurvives(value: object): boolean {
  if (Array.isArray(value)) {
    // By index: `every` would step over holes.
    for (let index = 0; index < value.length; index++) if (!survives(value[index])) return false;
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    if (isBinary(value)) return false;
    if (!hasToJson(value) && emptyInJson(value) !== undefined) return false;
  }
  if (hasToJson(value)) return true;
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key];
    if (inner !== undefined && !survives(inner)) return false;
  }
  return true;
}

function describe(value: unknown, path: string): string {
  if (Array.isArray(value)) {
    const index = Array.from(value).findIndex((inner) => !survives(inner));
    return describe(value[index], `${path}[${index}]`);
  }
  if (typeof value !== "object" || value === null) return `${path} is ${scalarProblem(value)}`;
  if (isBinary(value))
    return `${path} is binary; publish a Uint8Array as the payload itself, or write it as text first (such as base64).`;
  const advice = emptyInJson(value);
  if (advice !== undefined) return `${path} is a ${value.constructor.name}, which JSON writes as {}; ${advice}.`;
  for (const [key, inner] of Object.entries(value)) {
    if (inner !== undefined && !survives(inner)) return describe(inner, `${path}.${key}`);
  }
  return `${path} changes when it is written as JSON.`;
}

function scalarProblem(value: unknown): string {
  switch (typeof value) {
    case "number":
      return `${value}, which JSON writes as null; send null, or a text.`;
    case "bigint":
      return "a BigInt, which JSON has not; send it as a text, String(value).";
    case "undefined":
      return "undefined, which JSON has not; send null when there is nothing to say.";
    default:
      return `a ${typeof value}, which JSON has not; send data only.`;
  }
}

/** What to do instead with an object whose contents JSON does not see. */
function emptyInJson(value: object): string | undefined {
  if (value instanceof Map) return "send Object.fromEntries(map)";
  if (value instanceof Set) return "send [...set]";
  if (value instanceof Promise) return "await it first";
  if (value instanceof Error) return "send its name and message";
  if (value instanceof RegExp) return "send its source";
  return undefined;
}

function isBinary(value: object): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}

function hasToJson(value: object): boolean {
  return typeof (value as { toJSON?: unknown }).toJSON === "function";
}
