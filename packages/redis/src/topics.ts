import { matches, parseCheckedFilter, reservedToken } from "@busbar/core/driver";
import type { Link } from "./link.ts";
import { listOf, textOf } from "./reply.ts";
import { isWildcard, topicOf } from "./topic.ts";
import type { Keys } from "./topic.ts";

/** Tells which topics a filter fits. One that begins with a wildcard means none of the bus's own. */
export function fitting(filter: string): (topic: string) => boolean {
  const parsed = parseCheckedFilter(filter);
  const hidden = filter.startsWith(`${reservedToken}.`) ? undefined : `${reservedToken}.`;
  return (topic) => (hidden === undefined || !topic.startsWith(hidden)) && matches(parsed, topic);
}

/** The topics that a filter fits now: itself where it is concrete, else those of all that were ever published to. */
export async function topicsOf(link: Link, keys: Keys, filter: string): Promise<string[]> {
  if (!isWildcard(filter)) return [filter];
  const names = listOf(await link.ask("SMEMBERS", keys.topics));
  return names
    .map((name) => topicOf(textOf(name)))
    .filter(fitting(filter))
    .sort();
}

/** How many topics there are. */
export async function topicCount(link: Link, keys: Keys): Promise<number> {
  return Number(await link.ask("SCARD", keys.topics));
}
