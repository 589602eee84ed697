import { ConfigError } from "../errors.ts";
import type { AdapterRequest } from "./adapter-lookup.ts";

/** A browser has what its bundle holds, and no packages to look in: rejects with a `ConfigError` that says what to do. */
export function lookUpAdapter(packageName: string, { problem, broker }: AdapterRequest): Promise<unknown> {
  return Promise.reject(
    new ConfigError(
      [
        problem(
          `needs the adapter "${packageName}", which a browser cannot look for; import it and give connect() the adapter itself`,
        ),
      ],
      { broker, code: "BUSBAR_ADAPTER_NOT_FOUND" },
    ),
  );
}
