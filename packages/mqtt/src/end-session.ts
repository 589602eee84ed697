import { backoffDelayMs, BusError, pause, reconnectPolicy } from "@busbar/core/driver";
import { openAny } from "./connection.ts";
import type { MqttSettings } from "./options.ts";

/**
 * Ends the session of a client id, with everything that is kept in it; that there is none is no failure. Taking it over with Clean Start is the one way
 * that MQTT 3.1.1 has too, and the one that needs no live connection. Rejects typed after `connectTimeoutMs`.
 */
export async function endSession(settings: MqttSettings, clientId: string): Promise<void> {
  const began = performance.now();
  for (let failures = 1; ; failures++) {
    try {
      const connection = await openAny(settings, { clientId, cleanStart: true });
      return await connection.close();
    } catch (error) {
      // RabbitMQ (3.10) hangs up on who takes over a session that it is just ending.
      const isOver = performance.now() - began > settings.connectTimeoutMs;
      if (isOver || !BusError.is(error) || !error.retryable) throw error;
      await pause(backoffDelayMs(failures, reconnectPolicy));
    }
  }
}
