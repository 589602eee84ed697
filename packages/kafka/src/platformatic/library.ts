import { ConfigError } from "@busbar/core/driver";

/** `@platformatic/kafka`, loaded only where it is chosen. */
export type Library = typeof import("@platformatic/kafka");
/** One connection to one broker, with everything that is asked over it. */
export type Connection = InstanceType<Library["Connection"]>;

/** Loads the client. Rejects with a `ConfigError` that says how to get it where it is not installed. */
export async function loadLibrary(
  load: () => Promise<Library> = () => import("@platformatic/kafka"),
): Promise<Library> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new ConfigError(
      ['native.client: "platformatic" needs a package that is not installed: npm install @platformatic/kafka@1'],
      { broker: "kafka", cause },
    );
  }
}
