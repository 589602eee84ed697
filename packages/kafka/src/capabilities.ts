import type { Capabilities } from "@busbar/core/contract";

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
  retain: "unsupported",
  expiry: "unsupported",
  delay: "unsupported",
  priority: "unsupported",
  deadLetters: "native",
  replies: "emulated",
  lag: "native",
  memberNames: "unsupported",
};
