import type { BrokerLink, LinkState } from "./broker-link.ts";
import type { Subscription, SubscriptionHealth } from "./subscription.ts";

/** How a broker of the bus is. */
export interface BrokerHealth {
  readonly name: string;
  readonly adapter: string | undefined;
  readonly state: LinkState;
  readonly product: string | undefined;
  readonly version: string | undefined;
  /** What it loses by itself or is set up to lose, as it was said when the bus connected. */
  readonly warnings: readonly string[];
  /** Publishes that wait or are unconfirmed. */
  readonly publishing: number;
  /** Messages that at-most-once subscriptions let go of because they were full. */
  readonly dropped: number;
  readonly lastError: string | undefined;
}

/** How the bus is: `down` when a broker is not connected, `degraded` when a subscription has trouble. */
export interface BusHealth {
  readonly status: "ok" | "degraded" | "down";
  readonly brokers: readonly BrokerHealth[];
  readonly subscriptions: readonly SubscriptionHealth[];
}

/** Waits for nobody and never throws. */
export function healthOf(links: readonly BrokerLink[], subscriptions: readonly Subscription[]): BusHealth {
  const brokers = links.map((link) => ({
    name: link.name,
    adapter: link.loaded ? link.broker.name : undefined,
    state: link.state,
    product: link.effective?.product,
    version: link.effective?.version,
    warnings: link.effective?.warnings ?? [],
    publishing: link.publishes.pending,
    dropped: link.dropped,
    lastError: link.lastError?.message,
  }));
  const healths = subscriptions.map((subscription) => subscription.health());
  const down = brokers.some(({ state }) => state !== "connected");
  const troubled = healths.some(({ state }) => state !== "running" && state !== "paused");
  return { status: down ? "down" : troubled ? "degraded" : "ok", brokers, subscriptions: healths };
}
