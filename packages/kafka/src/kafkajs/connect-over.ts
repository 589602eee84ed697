import { bounded } from "../bounded.ts";
import { tookTooLong } from "../classify.ts";
import type { ConnectOptions } from "../client.ts";
import type { KafkaSettings } from "../options.ts";
import type { Line } from "./line.ts";

/** What of kafkajs has a connection. */
interface Connectable {
  connect(): Promise<void>;
}

/**
 * Connects what a line belongs to, one after the other, and does what is to be done first; then watches the line. Nothing is left open when that
 * fails.
 */
export async function connectOver(
  line: Line,
  clients: readonly Connectable[],
  { connectTimeoutMs }: KafkaSettings,
  { signal }: Pick<ConnectOptions, "signal">,
  first: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const late = (): Error => tookTooLong("Connecting to Kafka", connectTimeoutMs);
  try {
    for (const client of clients) await bounded(client.connect(), connectTimeoutMs, late, signal);
    await first();
  } catch (error) {
    line.cut();
    throw error;
  }
  line.watch();
}
