import type { InboundRecord } from "../contract/index.ts";
import { intersects, matches } from "../topic/filter.ts";
import { filterProblem, parseFilter, topicProblem } from "../topic/grammar.ts";
import type { ParsedFilter } from "../topic/grammar.ts";
import { parameterEscaping } from "../topic/token-escaping.ts";

const placeholder = /\{([^{}]*)\}/g;
const headerName = /^header\.[A-Za-z0-9!#$%&'*+\-.^_|~]+$/;

/** What is wrong with a template for the topics of foreign messages, as the end of a sentence. */
export function topicTemplateProblem(template: string, pattern: ParsedFilter): string | undefined {
  const names = Array.from(template.matchAll(placeholder), ([, name = ""]) => name);
  if (names.some((name) => name !== "key" && !headerName.test(name)))
    return "has a placeholder other than {key} and {header.<name>}";
  const example = template.replace(placeholder, "x");
  if (topicProblem(example) !== undefined)
    return "makes no topics; write tokens separated by dots, with {key} and {header.<name>} in them";
  const made = asFilter(template);
  return filterProblem(made) !== undefined || !intersects(parseFilter(made), pattern)
    ? "makes topics that the pattern does not fit"
    : undefined;
}

/**
 * Makes the topic of a foreign record from a template: `{key}` is its key, `{header.<name>}` a header, both escaped so
 * that any text is one token. `undefined` where the record has not got one of them, or where the topic does not fit the
 * pattern.
 */
export function topicFromTemplate(
  template: string,
  pattern: ParsedFilter,
): (record: InboundRecord) => string | undefined {
  return (record) => {
    let complete = true;
    const topic = template.replace(placeholder, (_all, name: string) => {
      const value = name === "key" ? record.key : headerOf(record, name.slice("header.".length));
      if (value === undefined) complete = false;
      return parameterEscaping.toToken(value ?? "");
    });
    return complete && fits(topic, pattern) ? topic : undefined;
  };
}

/**
 * Lets a function of the user's make topics, of which only those count that the pattern fits. Never throws: what a record of
 * anybody's makes the function do leaves that record alone without a topic.
 */
export function topicFromFunction(
  make: (record: InboundRecord) => string | undefined,
  pattern: ParsedFilter,
): (record: InboundRecord) => string | undefined {
  return (record) => {
    try {
      const topic: unknown = make(record);
      if (typeof topic === "string") return fits(topic, pattern) ? topic : undefined;
      // An async function is no answer, and its rejection, which nobody else takes, would end the process.
      Promise.resolve(topic).catch(() => undefined);
    } catch {
      // The dead letter says that no topic was found.
    }
    return undefined;
  };
}

function fits(topic: string, pattern: ParsedFilter): boolean {
  return topicProblem(topic) === undefined && matches(pattern, topic);
}

function headerOf(record: InboundRecord, name: string): string | undefined {
  return Object.hasOwn(record.headers, name) ? record.headers[name] : undefined;
}

/** A filter for all that a template may make: a token with a placeholder in it can be any. */
function asFilter(template: string): string {
  // Header names may have dots, so placeholders go first.
  return template
    .replace(placeholder, "*")
    .split(".")
    .map((token) => (token.includes("*") ? "*" : token))
    .join(".");
}
