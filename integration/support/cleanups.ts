import { afterEach } from "vitest";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Has something undone after the test, the latest first. */
export function afterwards(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}
