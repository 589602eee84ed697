import { backoffDelayMs, pause, reconnectPolicy } from "@busbar/core/driver";
import { coordinatorIsComing } from "./classify.ts";

/**
 * Asks again, at growing intervals, while the broker says that the coordinator it takes is still coming, as it does for a while
 * after it has started. Rejects with what it said last after this long, in milliseconds, and with anything else at once.
 */
export async function onceCoordinated<T>(withinMs: number, ask: () => Promise<T>): Promise<T> {
  const until = Date.now() + withinMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!coordinatorIsComing(error) || Date.now() > until) throw error;
      await pause(backoffDelayMs(attempt, reconnectPolicy));
    }
  }
}
