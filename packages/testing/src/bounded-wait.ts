import { AssertionError } from "node:assert";

/** How often a condition is looked at, in milliseconds. */
const lookEveryMs = 5;

/** Resolves as soon as the condition holds; fails when it does not within `deadlineMs`, with what was seen instead. */
export async function eventually(
  promise: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs: number,
  seen?: () => unknown,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() >= deadline) throw broken(promise, `not within ${deadlineMs} ms`, seen);
    await turn();
  }
}

/** Resolves once the condition has held for all of `quietMs`; fails as soon as it does not. */
export async function stays(
  promise: string,
  condition: () => boolean,
  quietMs: number,
  seen?: () => unknown,
): Promise<void> {
  const end = Date.now() + quietMs;
  do {
    if (!condition()) throw broken(promise, "it was not so", seen);
    await turn();
  } while (Date.now() < end);
  if (!condition()) throw broken(promise, "it was not so", seen);
}

/** Settles as the work does; fails when it has not settled within `deadlineMs`. */
export async function within<T>(promise: string, work: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(broken(promise, `not settled within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Where the whole process stood still all the time is over at once, so whoever is due by now has a turn before the next look. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setTimeout(() => void setImmediate(resolve), lookEveryMs));
}

function broken(promise: string, how: string, seen?: () => unknown): AssertionError {
  const instead = seen === undefined ? "" : `; seen: ${printable(seen())}`;
  return new AssertionError({ message: `${promise}: ${how}${instead}` });
}

function printable(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 400 ? `${text.slice(0, 397)}...` : text;
}
