import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { CapabilityName } from "../contract/index.ts";
import { InvalidArgumentError } from "../errors.ts";
import { parseFilter } from "./grammar.ts";
import type { ParsedFilter } from "./grammar.ts";
import { parameterEscaping } from "./token-escaping.ts";

/** The names in the `{…}` tokens of a pattern, as an object type. */
export type ParamsOf<Pattern extends string> = Pattern extends `${infer Head}.${infer Rest}`
  ? ParamsOf<Head> & ParamsOf<Rest>
  : Pattern extends `{${infer Name}}`
    ? { readonly [K in Name]: string }
    : unknown;

/** A topic with a name, the type of its payload, and where its key comes from: written once, used to publish and to subscribe. */
export interface Topic<Payload = unknown, Params = unknown> {
  /** As it was written, with its `{name}` tokens. */
  readonly pattern: string;
  /** The filter that all of its topics fit, taken apart. */
  readonly filter: ParsedFilter;
  /** Checks payloads on publish and on receipt. */
  readonly schema: StandardSchemaV1<unknown, Payload> | undefined;
  /** The key of a message, where `publish` gets none. */
  readonly key: ((payload: Payload) => string) | undefined;
  /** What its broker must be able to do. */
  readonly requires: readonly CapabilityName[];
  /** Carries the type of the parameters; never there at run time. */
  readonly params?: Params;
}

/** What a `topic()` is made with. */
export interface TopicOptions<Payload> {
  /** Checks payloads on publish and on receipt; from any Standard Schema library. @default any payload is taken */
  readonly schema?: StandardSchemaV1<unknown, Payload>;
  /** The key of a message, where `publish` gets none: 1 to 1024 characters. @default none */
  readonly key?: (payload: NoInfer<Payload>) => string;
  /** What the broker of this topic must be able to do; publishing and subscribing are refused where it cannot. @default nothing */
  readonly requires?: readonly CapabilityName[];
}

/**
 * Makes a typed topic: `topic("sensor.{room}.temperature", { schema: Temperature, key: (t) => t.sensorId })`.
 * Rejects a malformed pattern, and one with wildcards, with an `InvalidArgumentError`.
 */
export function topic<const Pattern extends string, Payload = unknown>(
  pattern: Pattern,
  options: TopicOptions<Payload> = {},
): Topic<Payload, ParamsOf<Pattern>> {
  const filter = parseFilter(pattern);
  const wildcard = filter.tokens.find((token, index) => token === "**" || (token === "*" && !filter.parameters[index]));
  if (wildcard !== undefined)
    throw new InvalidArgumentError(`Topic "${pattern}" has the wildcard ${wildcard}; name the token, such as {name}.`, {
      topic: pattern,
    });
  return { pattern, filter, schema: options.schema, key: options.key, requires: options.requires ?? [] };
}

/** Tells a typed topic from a name, and from what is neither. */
export function isTopic(value: unknown): value is Topic {
  return typeof value === "object" && value !== null && "pattern" in value && "filter" in value;
}

/** The concrete topic of a typed one. Values may be any text; they are escaped. Rejects a missing or an unknown parameter. */
export function concreteTopic(of: Topic, params: Readonly<Record<string, string>> = {}): string {
  const names = of.filter.parameters.filter((name) => name !== undefined);
  const problems = [
    ...names.filter((name) => typeof params[name] !== "string").map((name) => `params.${name} is missing`),
    ...Object.keys(params)
      .filter((name) => !names.includes(name))
      .map((name) => `params.${name} is not in it`),
  ];
  if (problems.length > 0)
    throw new InvalidArgumentError(`Topic "${of.pattern}": ${problems.join(", ")}.`, { topic: of.pattern });
  return of.filter.tokens
    .map((token, index) => {
      const name = of.filter.parameters[index];
      return name === undefined ? token : parameterEscaping.toToken(params[name] ?? "");
    })
    .join(".");
}

const none: Readonly<Record<string, string>> = Object.freeze({});

/** The values of a filter's `{name}` tokens in a concrete topic that fits it. */
export function paramsOf(filter: ParsedFilter, concrete: string): Readonly<Record<string, string>> {
  if (!filter.parameters.some((name) => name !== undefined)) return none;
  const tokens = concrete.split(".");
  // Without a prototype, because the names are the user's: a parameter may be called "constructor".
  const params = Object.create(null) as Record<string, string>;
  for (const [index, name] of filter.parameters.entries())
    if (name !== undefined) params[name] = parameterEscaping.toName(tokens[index] ?? "");
  return params;
}
