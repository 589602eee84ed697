import type { AbortOptions } from "@busbar/core/contract";
import { abortable, InvalidArgumentError, RefusedError } from "@busbar/core/driver";
import type { PartitionBounds, PartitionOffset } from "./client.ts";
import type { Control } from "./control.ts";
import { keyOf } from "./starting-positions.ts";
import { isInternal } from "./topic.ts";

/** Where a subscription is to go on. */
export interface ReplayRequest {
  /** The consumer group: the name of the subscription, as `health()` and Kafka's own tools show it. */
  readonly subscription: string;
  /** The topics, as Kafka calls them. One that the group has no place in yet gets one. @default those that the group has a place in */
  readonly topics?: readonly string[];
  /** The first message that is left, the end, the first message that is not older than a time, or these places. */
  readonly to: "earliest" | "latest" | Date | readonly PartitionOffset[];
}

/**
 * Moves the places of a subscription that nobody has open at the moment. Resolves to where it goes on, once Kafka has that.
 * Rejects with a `RefusedError` while it has members, and with an `InvalidArgumentError`, before anything was moved, for a place that is not in the log.
 */
export function replay(
  control: Control,
  request: ReplayRequest,
  options?: AbortOptions,
): Promise<readonly PartitionOffset[]> {
  return abortable(move(control, request, options?.signal), options?.signal);
}

async function move(
  control: Control,
  { subscription, topics, to }: ReplayRequest,
  signal: AbortSignal | undefined,
): Promise<readonly PartitionOffset[]> {
  const doing = `Moving the subscription "${subscription}"`;
  if (to instanceof Date ? Number.isNaN(to.getTime()) : !isPlaces(to) && to !== "earliest" && to !== "latest")
    throw wrong('to: must be "earliest", "latest", a Date, or a list of { topic, partition, offset }');
  if (await control.ask(doing, (cluster) => cluster.hasMembers(subscription)))
    throw new RefusedError(`${doing} failed: it has members. Close them first.`, { broker: "kafka" });
  const names = topics ?? (await topicsOf(control, doing, subscription, to));
  if (names.length === 0)
    throw wrong(`subscription: the group "${subscription}" has no place yet; give the topics that it is to begin in`);
  const bounds = await control.ask(doing, (cluster) => cluster.bounds(names));
  const places = isPlaces(to)
    ? to.map((place) => inside(bounds, place))
    : to instanceof Date
      ? await control.ask(doing, (cluster) => cluster.offsetsAt(names, to.getTime()))
      : bounds.map(({ topic, partition, low, high }) => ({ topic, partition, offset: to === "earliest" ? low : high }));
  signal?.throwIfAborted();
  await control.ask(doing, (cluster) => cluster.commitFor(subscription, places));
  return places;
}

async function topicsOf(
  control: Control,
  doing: string,
  subscription: string,
  to: ReplayRequest["to"],
): Promise<readonly string[]> {
  const places = isPlaces(to) ? to : await control.ask(doing, (cluster) => cluster.committed(subscription));
  return [...new Set(places.map(({ topic }) => topic))].filter((name) => !isInternal(name));
}

function isPlaces(to: ReplayRequest["to"]): to is readonly PartitionOffset[] {
  return Array.isArray(to);
}

function inside(bounds: readonly PartitionBounds[], { topic, partition, offset }: PartitionOffset): PartitionOffset {
  const found = bounds.find((one) => keyOf(one) === keyOf({ topic, partition }));
  if (found === undefined) throw wrong(`to: the topic "${topic}" has no partition ${partition}`);
  const { low, high } = found;
  if (!Number.isSafeInteger(offset) || offset < low || offset > high)
    throw wrong(`to: partition ${partition} of "${topic}" goes from ${low} to ${high}, and ${offset} is outside`);
  return { topic, partition, offset };
}

function wrong(problem: string): InvalidArgumentError {
  return new InvalidArgumentError(`replay() was called with what it does not take. ${problem}.`, { broker: "kafka" });
}
