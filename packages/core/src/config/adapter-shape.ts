import type { Adapter, Broker } from "../contract/index.ts";

/** Tells whether a value is a driver, by what it can do: it may come from another copy of the contract. */
export function isBroker(value: unknown): value is Broker {
  return hasMethods(value, ["open", "publish", "subscribe", "close", "onStatus"]);
}

/** Tells whether a value is what an adapter's package exports as `adapter`. */
export function isAdapter(value: unknown): value is Adapter {
  if (!hasMethods(value, ["create"])) return false;
  const { name, schemes } = value as Partial<Record<keyof Adapter, unknown>>;
  return typeof name === "string" && Array.isArray(schemes) && schemes.every((scheme) => typeof scheme === "string");
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    names.every((name) => typeof (value as Record<string, unknown>)[name] === "function")
  );
}
