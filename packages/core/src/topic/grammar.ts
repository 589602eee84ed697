import { InvalidArgumentError } from "../errors.ts";

/** The longest topic or filter, in bytes (which are characters: the alphabet is ASCII). */
export const maxTopicBytes = 200;

/** The first token that belongs to the bus itself: dead letters, replies. No user topic or filter begins with it. */
export const reservedToken = "_busbar";

const token = /^[A-Za-z0-9_-]+$/;
const parameter = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/;

/** Topics that were found to be good: a service publishes to the same ones again and again. Bounded, for it may make them up. */
const goodTopics = new Set<string>();
const goodTopicsKept = 10_000;

/** Throws `InvalidArgumentError` unless this is a concrete topic that a user may publish to. */
export function assertTopic(topic: string): void {
  if (goodTopics.has(topic)) return;
  const problem = topicProblem(topic);
  if (problem !== undefined)
    throw new InvalidArgumentError(`Topic ${quote(topic)} ${problem}`, { topic: printable(topic) });
  if (goodTopics.size >= goodTopicsKept) goodTopics.clear();
  goodTopics.add(topic);
}

/** What is wrong with a concrete topic, as the end of a sentence; `undefined` when nothing is. */
export function topicProblem(topic: unknown): string | undefined {
  return shapeProblem(topic) ?? reservedProblem(topic as string) ?? tokensProblem(topic as string);
}

function tokensProblem(topic: string): string | undefined {
  for (const part of topic.split(".")) {
    if (token.test(part)) continue;
    if (part === "*" || part === "**") return "has a wildcard; wildcards are for filters, publish to a concrete topic.";
    if (parameter.test(part)) return `has the parameter ${part}; make it a topic() and give its value in params.`;
    return part === ""
      ? "has an empty token; write tokens separated by single dots."
      : `has the token ${quote(part)}; ${asOurs(topic) ?? `tokens are made of letters, digits, "_" and "-"; for other text use topic("….{name}") and params, which escape it.`}`;
  }
  return undefined;
}

/** A filter in parts: what each token is, and the names of its parameters. */
export interface ParsedFilter {
  /** The filter with every `{name}` written as `*`. */
  readonly canonical: string;
  readonly tokens: readonly string[];
  /** For each token its parameter name, where it has one. */
  readonly parameters: readonly (string | undefined)[];
}

/** Takes a user's filter apart, or throws `InvalidArgumentError` saying what is wrong with it. */
export function parseFilter(filter: string): ParsedFilter {
  const problem = filterProblem(filter);
  if (problem !== undefined)
    throw new InvalidArgumentError(`Filter ${quote(filter)} ${problem}`, { topic: printable(filter) });
  return parseCheckedFilter(filter);
}

/** Takes a filter apart that core has checked, or made itself: then it may begin with the reserved token. */
export function parseCheckedFilter(filter: string): ParsedFilter {
  const parts = filter.split(".");
  const parameters = parts.map((part) => parameter.exec(part)?.[1]);
  const tokens = parts.map((part, index) => (parameters[index] === undefined ? part : "*"));
  return { canonical: tokens.join("."), tokens, parameters };
}

/** What is wrong with a filter, as the end of a sentence; `undefined` when nothing is. */
export function filterProblem(filter: unknown): string | undefined {
  const shape = shapeProblem(filter) ?? reservedProblem(filter as string);
  if (shape !== undefined) return shape;
  const seen = new Set<string>();
  const parts = (filter as string).split(".");
  for (const [index, part] of parts.entries()) {
    if (token.test(part) || part === "*") continue;
    if (part === "**") {
      if (index !== parts.length - 1)
        return 'has "**" before its end; "**" stands for one or more tokens and comes last.';
      continue;
    }
    const name = parameter.exec(part)?.[1];
    if (name !== undefined) {
      if (seen.has(name)) return `names the parameter {${name}} twice.`;
      seen.add(name);
      continue;
    }
    if (part === "") return "has an empty token; write tokens separated by single dots.";
    const advice = 'a token is a name of letters, digits, "_" and "-", or "*", "**", "{name}".';
    return `has the token ${quote(part)}; ${asOurs(filter as string) ?? advice}`;
  }
  return undefined;
}

/** How a topic or filter that was written as on MQTT or NATS is written here, as the end of a sentence; `undefined` for what is neither. */
function asOurs(foreign: string): string | undefined {
  const written = foreign
    .split(foreign.includes("/") ? "/" : ".")
    .map((part) => (part === "#" || part === ">" ? "**" : part === "+" ? "*" : part));
  const ours = written.join(".");
  return ours.split(".").every((part) => token.test(part) || part === "*" || part === "**")
    ? `write ${quote(ours)}: dots between tokens, "*" for one token, "**" for all that follow.`
    : undefined;
}

function shapeProblem(value: unknown): string | undefined {
  if (typeof value !== "string") return `is not a string but ${value === null ? "null" : typeof value}.`;
  if (value === "") return "is empty.";
  if (value.length > maxTopicBytes) return `is ${value.length} bytes long; the longest is ${maxTopicBytes}.`;
  return undefined;
}

function reservedProblem(value: string): string | undefined {
  return value === reservedToken || value.startsWith(`${reservedToken}.`)
    ? `begins with the reserved token "${reservedToken}"; choose another first token.`
    : undefined;
}

function quote(value: unknown): string {
  return JSON.stringify(printable(value));
}

function printable(value: unknown): string {
  const text = textOf(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Anything may come from a caller whom no compiler watches, also an object that cannot be a text. */
function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}
