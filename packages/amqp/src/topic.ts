import { tokenEscaping } from "@busbar/core/driver";

/** A word of a routing key may hold anything but the dot, which separates words. */
const words = tokenEscaping((character) => character !== ".");

const plainTopic = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

/**
 * The routing key of a concrete bus topic: the topic itself, with escaped characters written out. The inverse of
 * `topicOfRoutingKey`.
 */
export function routingKeyOf(topic: string): string {
  return topic.includes("_x") ? topic.split(".").map(words.toName).join(".") : topic;
}

/** The bus topic of any routing key, also a foreign one. The inverse of `routingKeyOf`. */
export function topicOfRoutingKey(routingKey: string): string {
  if (plainTopic.test(routingKey) && !routingKey.includes("_x")) return routingKey;
  return routingKey.split(".").map(words.toToken).join(".");
}

/**
 * The binding key of a bus filter for a topic exchange (RabbitMQ, "Topic exchange"): `*` is one word there too, and `**`, one
 * or more, is `*.#`. A token that stands for a foreign word `*` or `#` would bind more than that word; what comes too much is
 * left to the bus, which matches every delivery again.
 */
export function bindingKeyOf(filter: string): string {
  return filter
    .split(".")
    .map((token) => (token === "*" ? "*" : token === "**" ? "*.#" : words.toName(token)))
    .join(".");
}
