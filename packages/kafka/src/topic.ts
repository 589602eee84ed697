import { InvalidArgumentError, tokenEscaping } from "@busbar/core/driver";

/** The longest name that Kafka gives a topic, in characters. */
export const maxTopicNameLength = 249;

// Every character of a Kafka name but the dot is one of a token, so what needs an escape is the empty token alone.
const tokens = tokenEscaping(() => false);
const groupNames = tokenEscaping(() => true);

const legalName = /^[A-Za-z0-9._-]+$/;
/** Where Kafka keeps the places of groups; it is there as soon as there is a group. */
export const offsetsTopic = "__consumer_offsets";

const ownedByKafka = new Set([
  offsetsTopic,
  "__transaction_state",
  "__share_group_state",
  "__cluster_metadata",
  "__remote_log_metadata",
]);

/**
 * The Kafka name of a concrete bus topic: the same, except that the token `_x0_` is an empty one. Throws
 * `InvalidArgumentError` where Kafka has no such name.
 */
export function topicName(topic: string): string {
  return legal(topic.includes("_x0_") ? topic.split(".").map(tokens.toName).join(".") : topic, topic);
}

function legal(name: string, topic: string): string {
  if (name === "." || name === ".." || name.length > maxTopicNameLength || !legalName.test(name)) {
    throw new InvalidArgumentError(
      `Kafka has no name for the topic "${topic}": a name is 1 to ${maxTopicNameLength} letters, digits, ".", "_" and "-", and neither "." nor "..".`,
      { broker: "kafka", topic },
    );
  }
  return name;
}

/** The bus topic of a Kafka name: the inverse of `topicName`. */
export function busTopic(name: string): string {
  if (!name.includes("..") && !name.startsWith(".") && !name.endsWith(".") && !name.includes("_x0_")) return name;
  return name.split(".").map(tokens.toToken).join(".");
}

/** Tells whether Kafka keeps the topic for itself, so that no filter matches it. */
export function isInternal(name: string): boolean {
  return ownedByKafka.has(name);
}

/**
 * Says which of these topics Kafka cannot have beside each other: two names that differ only in "." and "_" are refused, because the
 * names of its metrics would meet (`org.apache.kafka.common.internals.Topic`).
 */
export function collisions(topics: readonly string[]): string[] {
  const names = [...new Set(topics)];
  return names.flatMap((name, index) =>
    names
      .slice(0, index)
      .filter((other) => metricName(other) === metricName(name))
      .map(
        (other) =>
          `Kafka cannot have the topic "${name}" beside "${other}": names that differ only in "." and "_" meet in its metrics. Rename one of them.`,
      ),
  );
}

function metricName(name: string): string {
  return name.replaceAll(".", "_");
}

/** The topic that keeps the dead letters of a group. Throws `InvalidArgumentError` when the name would be too long. */
export function deadLetterTopic(group: string): string {
  // Escaped already: what looks like an escape in it is part of the name.
  const name = `_busbar.dlq.${groupNames.toToken(group)}`;
  return legal(name, name);
}
