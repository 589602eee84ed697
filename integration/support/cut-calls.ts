import { expect } from "vitest";

/** A call that waits for a word of the server, and what comes of it when that never comes: `undefined`, or the error. */
export type CutCall<Scene> = readonly [name: string, call: (scene: Scene) => Promise<unknown>, outcome: unknown];

/** The outcome of a call that could not be answered: an error after which it may be made again. */
export const lost: unknown = expect.objectContaining({ retryable: true });

/** Everything of an iterable. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Resolves with the error of a call, or with `undefined` when there is none. */
export function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Resolves when what is to be written has been written, which takes a few turns of the event loop. */
export async function written(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
