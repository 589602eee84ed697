import { reservedToken } from "./grammar.ts";
import type { ParsedFilter } from "./grammar.ts";

/** Tells whether a concrete topic fits the filter. A wildcard does not stand for the bus's own first token. */
export function matches({ canonical, tokens }: ParsedFilter, topic: string): boolean {
  // No topic has a wildcard in it, so that this is true of filters without one only.
  if (topic === canonical) return true;
  let at = 0;
  for (let index = 0; index < tokens.length; index++) {
    if (at > topic.length) return false;
    const token = tokens[index] as string;
    const dot = topic.indexOf(".", at);
    const end = dot === -1 ? topic.length : dot;
    if (token === "*" || token === "**") {
      if (index === 0 && topic.slice(0, end) === reservedToken) return false;
      if (token === "**") return true;
    } else if (end - at !== token.length || !topic.startsWith(token, at)) return false;
    at = end + 1;
    if (index === tokens.length - 1) return dot === -1;
  }
  return false;
}

/** Tells whether some topic fits both filters. */
export function intersects(one: ParsedFilter, other: ParsedFilter): boolean {
  const length = Math.max(one.tokens.length, other.tokens.length);
  for (let index = 0; index < length; index++) {
    const a = one.tokens[index];
    const b = other.tokens[index];
    if (a === undefined || b === undefined) return false;
    if (a === "**" || b === "**") return true;
    if (a !== "*" && b !== "*" && a !== b) return false;
  }
  return true;
}

/** Tells whether every topic that fits `inner` fits `outer` too. */
export function covers(outer: ParsedFilter, inner: ParsedFilter): boolean {
  for (const [index, token] of outer.tokens.entries()) {
    const other = inner.tokens[index];
    if (other === undefined) return false;
    if (token === "**") return true;
    if (other === "**") return false;
    if (token !== "*" && token !== other) return false;
  }
  return outer.tokens.length === inner.tokens.length;
}
