import type { ServerInfo } from "@nats-io/nats-core";
import type { EffectiveCapabilities } from "@busbar/core/contract";

/** What NATS does at best, with JetStream enabled. */
export const natsCapabilities = {
  atLeastOnce: "native",
  atMostOnce: "native",
  groups: "native",
  broadcast: "native",
  wildcards: "native",
  durable: "native",
  startFromEarliest: "native",
  headers: "native",
  emptyBody: "native",
  releaseOne: "native",
  delayedRelease: "native",
  deliveryCount: "native",
  keyOrderAcrossMembers: "unsupported",
  atMostOnceBackPressure: "unsupported",
  routing: "unsupported",
  publishDedupe: "native",
  retain: "unsupported",
  expiry: "unsupported",
  delay: "unsupported",
  priority: "unsupported",
  deadLetters: "native",
  replies: "native",
  lag: "native",
  memberNames: "unsupported",
} as const;

/** What is left where JetStream is not enabled: core NATS, which keeps nothing. */
const withoutJetStream = {
  atLeastOnce: "unsupported",
  publishDedupe: "unsupported",
  durable: "unsupported",
  startFromEarliest: "unsupported",
  releaseOne: "unsupported",
  delayedRelease: "unsupported",
  deliveryCount: "unsupported",
  deadLetters: "unsupported",
  lag: "unsupported",
} as const;

/** What this server does, from what it said of itself and whether its JetStream answers this account. */
export function effectiveCapabilities(info: ServerInfo, jetStream: boolean): EffectiveCapabilities {
  const warnings: string[] = [];
  if (!jetStream) {
    warnings.push(
      "JetStream is not enabled on this server or for this account, so there is no at-least-once delivery and nothing is kept; " +
        'enable it ("jetstream {}" in the server\'s configuration).',
    );
  }
  if (!info.headers)
    warnings.push("This server has no headers, so no metadata travels with a message; use nats-server 2.2 or newer.");
  return {
    product: "nats-server",
    version: info.version,
    supports: {
      ...natsCapabilities,
      ...(jetStream ? {} : withoutJetStream),
      ...(info.headers ? {} : { headers: "unsupported", publishDedupe: "unsupported" }),
    },
    limits: { maxBodyBytes: info.max_payload },
    warnings,
  };
}
