import { inspect } from "node:util";
import { BusError } from "@busbar/core";
import { expect } from "vitest";

/** The typed error that a call is rejected with, thrown ones included; fails where it succeeds or rejects with anything else. */
export async function refusalOf(call: () => unknown): Promise<BusError> {
  const thrown: unknown = await Promise.resolve()
    .then(call)
    .then(
      () => expect.fail("the call succeeded"),
      (error: unknown) => error,
    );
  expect(BusError.is(thrown), `a typed error instead of ${String(thrown)}`).toBe(true);
  return thrown as BusError;
}

/** All that an error tells whoever prints it, its causes and what hangs on them included. */
export function everythingIn(error: unknown): string {
  return [told(error), inspect(error, { depth: 12, showHidden: true })].join("\n");
}

function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack = "", cause } = error;
  return [name, message, stack, JSON.stringify(error, withNumbers), cause === undefined ? "" : told(cause)].join("\n");
}

/** Kafka's second client answers with offsets, which are more than JSON's numbers. */
function withNumbers(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
