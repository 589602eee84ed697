import type { Policy, Route } from "../bus/settings.ts";
import type { PolicyOptions } from "../delivery/options.ts";
import { nearest } from "../driver/known-keys.ts";
import { covers, intersects } from "../topic/filter.ts";
import { filterProblem, parseFilter, topicProblem } from "../topic/grammar.ts";
import type { ParsedFilter } from "../topic/grammar.ts";
import type { ConfigPath } from "./config-source.ts";
import { quoted, withoutAbsent } from "./config-section.ts";
import type { ConfigReading, Section } from "./config-section.ts";

/** The pattern that a key of the configuration is, or `undefined` with the problem noted. */
export function readPattern(pattern: string, path: ConfigPath, reading: ConfigReading): ParsedFilter | undefined {
  const problem = filterProblem(pattern);
  return problem === undefined
    ? parseFilter(pattern)
    : reading.report(path, `the pattern ${problem.replace(/\.$/, "")}`);
}

/** Notes every pattern that an earlier one takes all of, where the first that fits wins. */
export function reportUnreachable(
  patterns: readonly { readonly pattern: ParsedFilter; readonly path: ConfigPath }[],
  reading: ConfigReading,
): void {
  for (const [index, { pattern, path }] of patterns.entries()) {
    const before = patterns.slice(0, index).find((earlier) => covers(earlier.pattern, pattern));
    if (before !== undefined)
      reading.report(
        path,
        `is never reached: ${quoted(String(before.path.at(-1)))} before it takes all of it; put the narrower pattern first`,
      );
  }
}

/** Reads `routes`. */
export function readRoutes(root: Section, brokers: readonly string[], reading: ConfigReading): Route[] {
  const routes: (Route & { path: ConfigPath })[] = [];
  const section = root.section("routes", {});
  for (const [key, , path] of section?.entries() ?? []) {
    const pattern = readPattern(key, path, reading);
    const broker = section?.text(key);
    if (broker !== undefined) checkBroker(broker, path, brokers, reading);
    if (pattern !== undefined && broker !== undefined) routes.push({ pattern, broker, path });
  }
  reportUnreachable(routes, reading);
  return routes.map(({ pattern, broker }) => ({ pattern, broker }));
}

const policyKeys = [
  "concurrency",
  "order",
  "maxInFlight",
  "retry",
  "maxDeliveries",
  "handlerTimeoutMs",
  "deadLetter",
  "delivery",
  "startFrom",
];
const retryKeys = ["attempts", "backoffMs", "factor", "maxBackoffMs", "jitter"];

/** Reads `policies`, and notes two that could both take one subscription with neither the more specific. */
export function readPolicies(root: Section, brokers: readonly string[], reading: ConfigReading): Policy[] {
  const policies: (Policy & { path: ConfigPath })[] = [];
  for (const [key, value, path] of root.section("policies", {})?.entries() ?? []) {
    const pattern = readPattern(key, path, reading);
    const section = reading.section(value, path, { known: policyKeys });
    const options = section === undefined ? {} : readPolicy(section, brokers, reading);
    if (pattern === undefined) continue;
    const rival = policies.find((other) => isTie(other.pattern, pattern));
    if (rival !== undefined) {
      reading.report(
        path,
        `fits the same topics as ${quoted(String(rival.path.at(-1)))} and neither is more specific; write one that lies within the other`,
      );
    }
    policies.push({ pattern, options, path });
  }
  return policies.map(({ pattern, options }) => ({ pattern, options }));
}

function isTie(one: ParsedFilter, other: ParsedFilter): boolean {
  return intersects(one, other) && covers(one, other) === covers(other, one);
}

function readPolicy(section: Section, brokers: readonly string[], reading: ConfigReading): PolicyOptions {
  const retry = section.section("retry", { known: retryKeys });
  const concurrency = section.count("concurrency", 1, 10_000);
  const maxInFlight = section.count("maxInFlight", 1, 65_535);
  if (concurrency !== undefined && maxInFlight !== undefined && maxInFlight < concurrency) {
    reading.report(section.at("maxInFlight"), "is less than concurrency, so some handlers would never run");
  }
  return withoutAbsent({
    concurrency,
    maxInFlight,
    order: section.choice("order", ["key", "all", "none"]),
    retry:
      retry === undefined
        ? undefined
        : withoutAbsent({
            attempts: retry.count("attempts", 1, 1_000_000),
            backoffMs: retry.duration("backoffMs", 0),
            factor: retry.number("factor", 1, 1_000),
            maxBackoffMs: retry.duration("maxBackoffMs", 0),
            jitter: retry.number("jitter", 0, 1),
          }),
    maxDeliveries: section.count("maxDeliveries", 1, 1_000_000),
    handlerTimeoutMs: section.duration("handlerTimeoutMs", 1),
    deadLetter: readDeadLetter(section, brokers, reading),
    delivery: section.choice("delivery", ["at-least-once", "at-most-once"]),
    startFrom: section.choice("startFrom", ["new", "earliest"]),
  });
}

function readDeadLetter(
  policy: Section,
  brokers: readonly string[],
  reading: ConfigReading,
): PolicyOptions["deadLetter"] {
  if (policy.raw("deadLetter") === false) return false;
  const section = policy.section("deadLetter", { known: ["topic", "broker"] });
  if (section === undefined) return undefined;
  const topic = section.text("topic");
  const broker = section.text("broker");
  if (topic !== undefined) checkTopic(topic, section.at("topic"), reading);
  if (broker !== undefined) checkBroker(broker, section.at("broker"), brokers, reading);
  return withoutAbsent({ topic, broker });
}

/** Notes what keeps a text from being a concrete topic. */
export function checkTopic(topic: string, path: ConfigPath, reading: ConfigReading): void {
  const problem = topicProblem(topic);
  // The problem quotes the token, which is nobody's business where it came from the environment.
  if (problem !== undefined)
    reading.report(path, reading.isSubstituted(path) ? "is not a topic" : problem.replace(/\.$/, ""));
}

function checkBroker(name: string, path: ConfigPath, brokers: readonly string[], reading: ConfigReading): void {
  if (brokers.includes(name)) return;
  const near = reading.isSubstituted(path) ? undefined : nearest(name, brokers);
  const advice = near === undefined ? "" : `did you mean ${quoted(near)}? `;
  reading.report(
    path,
    `names a broker that is not configured; ${advice}there ${brokers.length === 1 ? "is" : "are"} ${brokers.map(quoted).join(", ")}`,
  );
}
