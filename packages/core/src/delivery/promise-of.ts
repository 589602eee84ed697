/** Tells whether a value can be waited for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as PromiseLike<unknown>).then === "function";
}

/**
 * What a handler gave back, as a promise that settles once; `undefined` where it is none. Throws what looking at it throws. A plain promise, which most
 * are, costs nothing more; of anything else that has a `then` only `await` makes one that is to be trusted.
 */
export function promiseOf(result: unknown): Promise<unknown> | undefined {
  if ((typeof result !== "object" && typeof result !== "function") || result === null) return undefined;
  const { then } = result as { readonly then?: unknown };
  if (typeof then !== "function") return undefined;
  return then === plainThen && result instanceof Promise ? result : awaited(result);
}

const plainThen: unknown = Object.getOwnPropertyDescriptor(Promise.prototype, "then")?.value;

async function awaited(result: unknown): Promise<unknown> {
  return await result;
}
