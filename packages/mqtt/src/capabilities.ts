import type { BrokerLimits, EffectiveCapabilities, Topology } from "@busbar/core/contract";

/** What MQTT does at best: version 5, against a server that does everything the protocol allows it to leave out. */
export const declared = {
  atLeastOnce: "native",
  atMostOnce: "native",
  groups: "native",
  broadcast: "native",
  wildcards: "native",
  durable: "native",
  startFromEarliest: "unsupported",
  headers: "native",
  emptyBody: "unsupported",
  releaseOne: "unsupported",
  delayedRelease: "unsupported",
  deliveryCount: "unsupported",
  keyOrderAcrossMembers: "unsupported",
  atMostOnceBackPressure: "unsupported",
  routing: "native",
  publishDedupe: "unsupported",
  retain: "native",
  expiry: "native",
  delay: "unsupported",
  priority: "unsupported",
  deadLetters: "emulated",
  replies: "native",
  lag: "unsupported",
  memberNames: "native",
} as const;

/** The type of `declared`: every capability as a literal. */
export type MqttCapabilities = typeof declared;

/** HiveMQ, as `inspectServer` calls it. */
export const hivemq = "HiveMQ";

/** What a server said of itself in CONNACK (MQTT 5.0 §3.2.2.3); all absent on MQTT 3.1.1. */
export interface ServerProperties {
  readonly maximumPacketSize?: number;
  readonly maximumQoS?: number;
  readonly retainAvailable?: boolean;
  readonly wildcardSubscriptionAvailable?: boolean;
  readonly sharedSubscriptionAvailable?: boolean;
  readonly sessionExpiryInterval?: number;
}

/** What was found out about a server beside what it said. */
export interface ServerFacts {
  /** `unknown` where it does not tell. */
  readonly product: string;
  readonly version: string;
  /** Whether retained messages are found by a wildcard filter, which RabbitMQ's plugin cannot. */
  readonly findsRetainedByWildcard: boolean;
  /** For how long it keeps a session, in seconds, when that is less than what was asked for. */
  readonly sessionExpiryCappedTo?: number | undefined;
}

/** What the configuration makes of a server. */
export interface UsedAs {
  /** The quality of service of what is published at least once. @default 1 */
  readonly qos?: 1 | 2;
  /** Whether MQTT 3.1.1 carries what it has no place for in an envelope. @default false */
  readonly envelope?: boolean;
  /** @default "create" */
  readonly topology?: Topology;
}

/**
 * What a server does, concluded from the version of the protocol, what it said, what was found out, and what it is used as. Pure.
 */
export function effectiveCapabilities(
  protocolVersion: 4 | 5,
  properties: ServerProperties,
  facts: ServerFacts,
  { qos = 1, envelope = false, topology = "create" }: UsedAs = {},
): EffectiveCapabilities {
  const five = protocolVersion === 5;
  const wrapped = !five && envelope;
  const mosquitto = facts.product === "mosquitto";
  // At QoS 2 mosquitto looks for subscribers only when PUBREC, which could tell, is sent.
  const tellsNobody = facts.product === hivemq || (mosquitto && qos === 1);
  const acknowledges = properties.maximumQoS !== 0;
  const keepsLastValue = properties.retainAvailable !== false;
  // MQTT 3.1.1 does not know shared subscriptions, and a server that does not either takes one for an ordinary filter.
  const shares = five ? properties.sharedSubscriptionAvailable !== false : mosquitto;
  const keepsSessions = facts.sessionExpiryCappedTo !== 0;
  return {
    product: facts.product,
    version: facts.version,
    supports: {
      ...declared,
      atLeastOnce: acknowledges ? "native" : "unsupported",
      groups: shares ? "native" : "unsupported",
      wildcards: properties.wildcardSubscriptionAvailable === false ? "unsupported" : "native",
      durable: acknowledges && keepsSessions ? "native" : "unsupported",
      headers: five ? "native" : wrapped ? "emulated" : "unsupported",
      expiry: five ? "native" : "unsupported",
      // Responders share what is asked.
      replies: five || (wrapped && shares) ? "native" : "unsupported",
      routing: five && tellsNobody ? "native" : "unsupported",
      retain: keepsLastValue ? "native" : "unsupported",
      // Why a message died travels in headers.
      deadLetters:
        (five || wrapped) && acknowledges && keepsLastValue && facts.findsRetainedByWildcard
          ? "emulated"
          : "unsupported",
    },
    limits: limitsOf(properties),
    warnings: [...warningsOf(facts, shares), ...warningsOfUse(five || wrapped, topology)],
  };
}

/** What a topic, a key, an id and a content type of ordinary length need beside the body. */
const roomForMetadata = 1024;

/** Not Receive Maximum, which is for QoS 1 and 2 alone: the publisher keeps to that. */
function limitsOf({ maximumPacketSize }: ServerProperties): BrokerLimits {
  if (maximumPacketSize === undefined) return {};
  return { maxBodyBytes: Math.max(maximumPacketSize - roomForMetadata, Math.floor(maximumPacketSize / 2)) };
}

/** What is asked for and does nothing here, and what is not carried although nobody asked for it. */
function warningsOfUse(carriesMetadata: boolean, topology: Topology): string[] {
  const warnings: string[] = [];
  if (topology !== "create") {
    warnings.push(
      `topology "${topology}" changes nothing on MQTT, which has no queues or topics that could be missing: a subscription makes its session as with "create". ` +
        "Leave it out.",
    );
  }
  if (!carriesMetadata) {
    warnings.push(
      "MQTT 3.1.1 carries neither id nor content type: a message has another id each time that it is delivered, and bytes that could be JSON or text arrive as that. " +
        "Set native.envelope, or use native.protocolVersion 5.",
    );
  }
  return warnings;
}

function warningsOf(facts: ServerFacts, shares: boolean): string[] {
  const warnings: string[] = [];
  if (facts.product === "mosquitto") {
    if (shares) {
      warnings.push(
        "mosquitto keeps the messages that it gave to one member of a group for that member alone, also while it is away or stuck: " +
          "restart members under the same instance name, and before one is removed for good let it empty its share and call forget() in it.",
        "mosquitto forgets the subscriptions of groups when it is restarted, even with persistence: what is published before a member is back is " +
          "confirmed and lost. A durable subscription without a group is kept: use one where there is one replica.",
      );
    }
    warnings.push(
      'mosquitto loses sessions, queued messages and dead letters with "persistence false", and what it has not written yet when it is killed: ' +
        'set "persistence true" and "autosave_on_changes true" with "autosave_interval 1", and stop it with SIGTERM.',
      "mosquitto drops confirmed messages beyond 1000 queued for one subscription unless it is told otherwise: " +
        'set "max_queued_messages 0" and bound memory with "max_queued_bytes".',
    );
  }
  if (facts.product === hivemq) {
    warnings.push(
      "HiveMQ (Community Edition 2025.5) sends a subscription more only once everything that it has sent is settled: a handler that takes long, and a message that " +
        "waits for its next attempt, hold up what came after them. Keep handlers and retry.maxBackoffMs short there.",
    );
    if (shares) {
      warnings.push(
        "HiveMQ keeps the messages of a group when its last member has called forget(): the next one of that name gets them.",
      );
    }
  }
  if (facts.sessionExpiryCappedTo !== undefined) {
    warnings.push(
      `The server keeps a subscription for ${facts.sessionExpiryCappedTo} seconds while nobody is connected, less than native.sessionExpirySeconds: ` +
        "raise its limit, or expect messages to be lost after a longer absence.",
    );
  }
  return warnings;
}
