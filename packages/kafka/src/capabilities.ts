import type { Capabilities, EffectiveCapabilities } from "@busbar/core/contract";

/** What this driver does on any Kafka, as literals. */
export interface KafkaCapabilities extends Capabilities {
  readonly atLeastOnce: "native";
  readonly atMostOnce: "native";
  readonly groups: "native";
  readonly broadcast: "native";
  readonly wildcards: "emulated";
  readonly durable: "native";
  readonly startFromEarliest: "native";
  readonly headers: "native";
  readonly emptyBody: "native";
  readonly releaseOne: "emulated";
  readonly delayedRelease: "unsupported";
  readonly deliveryCount: "unsupported";
  readonly keyOrderAcrossMembers: "native";
  readonly atMostOnceBackPressure: "native";
  readonly routing: "unsupported";
  readonly publishDedupe: "unsupported";
  readonly retain: "unsupported";
  readonly expiry: "unsupported";
  readonly delay: "unsupported";
  readonly priority: "unsupported";
  readonly deadLetters: "native";
  readonly replies: "emulated";
  readonly lag: "native";
  readonly memberNames: "unsupported";
}

/** The same, as a value: the upper bound of what any Kafka does. The broker's page says how each of them is kept. */
export const declared: KafkaCapabilities = {
  atLeastOnce: "native",
  atMostOnce: "native",
  groups: "native",
  broadcast: "native",
  wildcards: "emulated",
  durable: "native",
  startFromEarliest: "native",
  headers: "native",
  emptyBody: "native",
  releaseOne: "emulated",
  delayedRelease: "unsupported",
  deliveryCount: "unsupported",
  keyOrderAcrossMembers: "native",
  atMostOnceBackPressure: "native",
  routing: "unsupported",
  publishDedupe: "unsupported",
  retain: "unsupported",
  expiry: "unsupported",
  delay: "unsupported",
  priority: "unsupported",
  deadLetters: "native",
  replies: "emulated",
  lag: "native",
  memberNames: "unsupported",
};

/** What a cluster tells of itself, where it may be read. Kafka does not tell its product or version. */
export interface ClusterSettings {
  /** `message.max.bytes` */
  readonly maxMessageBytes: string | undefined;
  /** `offsets.retention.minutes` */
  readonly offsetsRetentionMinutes: string | undefined;
}

/** What a cluster does, and what it loses by itself. Pure. */
export function effectiveCapabilities({
  maxMessageBytes,
  offsetsRetentionMinutes,
}: ClusterSettings): EffectiveCapabilities {
  const howLong = offsetsRetentionMinutes === undefined ? "some time" : `${offsetsRetentionMinutes} minutes`;
  return {
    product: "Apache Kafka",
    version: "unknown",
    supports: declared,
    limits: maxMessageBytes === undefined ? {} : { maxBodyBytes: Number(maxMessageBytes) },
    warnings: [
      `Kafka forgets where a durable subscription stood ${howLong} after its last member left (offsets.retention.minutes), and what is published ` +
        "meanwhile is missed: raise that where a service may be away for longer.",
    ],
  };
}
