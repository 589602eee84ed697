import { isDuration, isPositiveDuration, longestMs } from "../driver/duration.ts";
import { unknownKeyProblems } from "../driver/known-keys.ts";
import { InvalidArgumentError } from "../errors.ts";
import type { DeadLetterTarget, RetryPolicy, SubscribeOptions } from "../delivery/options.ts";
import { covers, matches } from "../topic/filter.ts";
import { topicProblem } from "../topic/grammar.ts";
import type { ParsedFilter } from "../topic/grammar.ts";
import type { Policy } from "./settings.ts";
import { sentenceOf } from "./sentence.ts";

/** Subscribe options with every default filled in. */
export interface ResolvedSubscribeOptions extends SubscribeOptions {
  readonly durable: boolean;
  readonly delivery: "at-least-once" | "at-most-once";
  readonly concurrency: number;
  readonly order: "key" | "all" | "none";
  readonly maxInFlight: number;
  readonly retry: RetryPolicy;
  readonly handlerTimeoutMs: number;
  readonly startFrom: "new" | "earliest";
  readonly settle: "auto" | "manual";
}

/** The retry policy unless somebody says otherwise. */
export const defaultRetry: RetryPolicy = { attempts: 3, backoffMs: 200, factor: 2, maxBackoffMs: 30_000, jitter: 0.2 };

const known = [
  "group",
  "durable",
  "delivery",
  "concurrency",
  "order",
  "maxInFlight",
  "retry",
  "maxDeliveries",
  "handlerTimeoutMs",
  "deadLetter",
  "startFrom",
  "settle",
  "requires",
  "broker",
  "signal",
];

const knownOfRetry = ["attempts", "backoffMs", "factor", "maxBackoffMs", "jitter"];

/**
 * Puts together what the code says, what the policies say (the most specific one over the others) and the defaults. Rejects
 * what is malformed with an `InvalidArgumentError` that lists all of it.
 */
export function resolveSubscribeOptions(
  filter: ParsedFilter,
  given: SubscribeOptions,
  policies: readonly Policy[],
): ResolvedSubscribeOptions {
  const applicable = policies
    .filter(({ pattern }) => covers(pattern, filter))
    .sort((one, other) => Number(covers(other.pattern, one.pattern)) - Number(covers(one.pattern, other.pattern)));
  const layers: readonly SubscribeOptions[] = [...applicable.map(({ options }) => options), given];
  const merged: SubscribeOptions = Object.assign({}, ...layers.map(withoutUndefined));
  const retry: RetryPolicy = Object.assign(
    {},
    defaultRetry,
    ...layers.map((layer) => withoutUndefined(layer.retry ?? {})),
  );
  // Only what is absent has a default: null comes from a caller whom no compiler watches, and is refused.
  const concurrency = merged.concurrency === undefined ? 1 : merged.concurrency;
  const delivery = merged.delivery === undefined ? "at-least-once" : merged.delivery;
  // What is lost anyway when its process dies is not worth keeping at the broker (docs/decisions/0003).
  const kept = merged.group !== undefined && delivery === "at-least-once";
  const resolved: ResolvedSubscribeOptions = {
    ...merged,
    durable: merged.durable === undefined ? kept : merged.durable,
    delivery,
    concurrency,
    order: merged.order === undefined ? "key" : merged.order,
    maxInFlight: merged.maxInFlight === undefined ? Math.max(256, 4 * concurrency) : merged.maxInFlight,
    retry,
    handlerTimeoutMs: merged.handlerTimeoutMs === undefined ? 300_000 : merged.handlerTimeoutMs,
    startFrom: merged.startFrom === undefined ? "new" : merged.startFrom,
    settle: merged.settle === undefined ? "auto" : merged.settle,
  };
  const problems = [
    ...unknownKeyProblems(given, known, ""),
    ...(isObject(given.retry ?? {})
      ? unknownKeyProblems(given.retry ?? {}, knownOfRetry, "retry")
      : [`retry is { ${knownOfRetry.join(", ")} }`]),
    ...problemsOf(filter, resolved),
  ];
  if (problems.length > 0)
    throw new InvalidArgumentError(`subscribe("${filter.canonical}"): ${sentenceOf(problems)}`, {
      topic: filter.canonical,
    });
  return resolved;
}

/** What is wrong with the name of a group; `undefined` when nothing is. */
export function groupProblem(group: unknown): string | undefined {
  return typeof group === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(group)
    ? undefined
    : `group ${JSON.stringify(group)} is not 1 to 64 letters, digits, "_" or "-"`;
}

function problemsOf(filter: ParsedFilter, options: ResolvedSubscribeOptions): string[] {
  const problems: string[] = [];
  const check = (fits: boolean, problem: string): void => void (fits || problems.push(problem));
  const { group, retry, deadLetter } = options;
  const wrongGroup = group === undefined ? undefined : groupProblem(group);
  if (wrongGroup !== undefined) problems.push(wrongGroup);
  check(typeof options.durable === "boolean", "durable is true or false");
  check(oneOf(options.delivery, "at-least-once", "at-most-once"), 'delivery is "at-least-once" or "at-most-once"');
  check(oneOf(options.order, "key", "all", "none"), 'order is "key", "all" or "none"');
  check(oneOf(options.startFrom, "new", "earliest"), 'startFrom is "new" or "earliest"');
  check(oneOf(options.settle, "auto", "manual"), 'settle is "auto" or "manual"');
  check(isCount(options.concurrency, 10_000), "concurrency is a whole number from 1 to 10000");
  check(isCount(options.maxInFlight, 65_535), "maxInFlight is a whole number from 1 to 65535");
  check(options.maxInFlight >= options.concurrency, "maxInFlight is not less than concurrency");
  check(isCount(retry.attempts, 1_000_000), "retry.attempts is a whole number from 1");
  check(
    options.maxDeliveries === undefined || isCount(options.maxDeliveries, 1_000_000),
    "maxDeliveries is a whole number from 1 to 1000000",
  );
  check(isDuration(retry.backoffMs), `retry.backoffMs is a number of milliseconds up to ${longestMs}`);
  check(isDuration(retry.maxBackoffMs), `retry.maxBackoffMs is a number of milliseconds up to ${longestMs}`);
  check(retry.factor >= 1, "retry.factor is 1 or more");
  check(retry.jitter >= 0 && retry.jitter <= 1, "retry.jitter is from 0 to 1");
  check(
    isPositiveDuration(options.handlerTimeoutMs),
    `handlerTimeoutMs is a number of milliseconds up to ${longestMs}`,
  );
  check(
    deadLetter === undefined || deadLetter === false || isObject(deadLetter),
    "deadLetter is { topic?, broker? } or false",
  );
  check(
    options.requires === undefined || Array.isArray(options.requires),
    "requires is a list of names of capabilities",
  );
  check(options.signal === undefined || options.signal instanceof AbortSignal, "signal is an AbortSignal");
  return isObject(deadLetter) ? [...problems, ...deadLetterProblems(filter, deadLetter)] : problems;
}

function deadLetterProblems(filter: ParsedFilter, deadLetter: DeadLetterTarget): string[] {
  const problems = unknownKeyProblems(deadLetter, ["topic", "broker"], "deadLetter");
  const { topic } = deadLetter;
  if (topic === undefined) return problems;
  const malformed = topicProblem(topic);
  if (malformed !== undefined) return [...problems, `deadLetter.topic: ${malformed.replace(/\.$/, "")}`];
  if (!matches(filter, topic)) return problems;
  return [...problems, `deadLetter.topic "${topic}" fits the filter itself, so that a dead letter would come back`];
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function withoutUndefined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function oneOf(value: string, ...allowed: readonly string[]): boolean {
  return allowed.includes(value);
}

function isCount(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}
