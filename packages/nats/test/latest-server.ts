import { InstanceUnavailableError, startInstance } from "../../../tools/brokers/index.mjs";

type Started = Awaited<ReturnType<typeof startInstance>>;

/** A server of today for one file of tests, or the printed reason why there is none. */
export async function latestServer(settings: Record<string, unknown> = {}): Promise<Started | undefined> {
  try {
    return await startInstance("nats-latest", { config: { settings } });
  } catch (error) {
    if (!(error instanceof InstanceUnavailableError)) throw error;
    console.warn(`Skipped: ${error.message}`);
    return undefined;
  }
}
