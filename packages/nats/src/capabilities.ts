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
  expiry: "native",
  delay: "native",
  priority: "unsupported",
  deadLetters: "native",
  replies: "native",
  lag: "native",
  memberNames: "unsupported",
} as const;

/** JetStream's answer to who it is, as far as it matters here. */
export interface JetStreamStanding {
  /** Of its API: 1 from nats-server 2.11 on, 2 from 2.12 on. Absent before. */
  readonly level?: number | undefined;
  /** True where streams of ours are bounded in bytes, and must not drop their oldest. */
  readonly bounded: boolean;
  /** Until when streams of ours keep a message. */
  readonly retention: "limits" | "interest" | "workqueue";
}

/** The level of JetStream's API from which a message may have a life of its own (NATS ADR-43). */
const levelOfExpiry = 1;
/** The level from which it may be held back (NATS ADR-51). */
const levelOfDelay = 2;

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

/** What is left of it where streams do not keep everything for everybody. */
const ofRetention = {
  limits: {},
  interest: { startFromEarliest: "unsupported" },
  workqueue: { broadcast: "unsupported" },
} as const;

/** What this server does, from what it said of itself and whether its JetStream answers this account: `undefined` where it does not. */
export function effectiveCapabilities(
  info: ServerInfo,
  jetStream: JetStreamStanding | undefined,
): EffectiveCapabilities {
  const warnings: string[] = [];
  if (jetStream === undefined) {
    warnings.push(
      "JetStream is not enabled on this server or for this account, so there is no at-least-once delivery and nothing is kept; " +
        'enable it ("jetstream {}" in the server\'s configuration).',
    );
  }
  if (jetStream?.retention === "interest") {
    warnings.push(
      'With native.retention "interest" a stream keeps nothing for a subscription that is not there yet, also none whose filter begins with a wildcard and finds the stream later.',
    );
  }
  if (!info.headers)
    warnings.push("This server has no headers, so no metadata travels with a message; use nats-server 2.2 or newer.");
  return {
    product: "nats-server",
    version: info.version,
    supports: {
      ...natsCapabilities,
      ...(jetStream === undefined ? withoutJetStream : {}),
      expiry: (jetStream?.level ?? 0) >= levelOfExpiry ? "native" : "unsupported",
      // A stream that schedules drops its oldest when it is full: none of ours may do that where it has a bound.
      delay: (jetStream?.level ?? 0) >= levelOfDelay && !jetStream?.bounded ? "native" : "unsupported",
      ...(jetStream === undefined ? {} : ofRetention[jetStream.retention]),
      ...(info.headers ? {} : { headers: "unsupported", publishDedupe: "unsupported" }),
    },
    limits: { maxBodyBytes: info.max_payload },
    warnings,
  };
}
