import { describe, it } from "vitest";

const nothing = (): void => undefined;

/** `it` where a server has what the test is about; elsewhere nothing, for there is no test that could be skipped. */
export function itWhere(applies: boolean): typeof it {
  return applies ? it : (nothing as unknown as typeof it);
}

/** `describe` where a server has what the tests are about; elsewhere nothing. */
export function describeWhere(applies: boolean): typeof describe {
  return applies ? describe : (nothing as unknown as typeof describe);
}
