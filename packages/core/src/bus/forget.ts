import type { Broker, SubscribeRequest, Subscriber } from "../contract/index.ts";
import { BusError } from "../errors.ts";

/**
 * Deletes what a broker keeps for a subscription, as a member of it that wants nothing; that it keeps nothing is no failure. Nobody is left behind, also where it
 * is rejected.
 */
export async function forgetAt(broker: Broker, request: SubscribeRequest): Promise<void> {
  if (broker.forget !== undefined) return broker.forget(request);
  let subscriber: Subscriber | undefined;
  try {
    // One message may come before it can say that it wants none. It stays unsettled: what is released comes again at once, and counts as delivered each time.
    subscriber = await broker.subscribe({ ...request, maxInFlight: 1 }, () => undefined);
    subscriber.pause();
    await subscriber.stop();
    await subscriber.remove();
  } catch (error) {
    await subscriber?.close().catch(() => undefined);
    // Where nothing may be made, there is no subscribing to what is not there.
    if (!BusError.is(error) || error.code !== "BUSBAR_NOT_FOUND") throw error;
  }
}
