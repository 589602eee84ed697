import { reservedToken, tokenEscaping } from "@busbar/core/driver";

/** A word of a stream's name may hold anything but the dot, which separates words, and the colon, which marks the driver's own keys. */
const words = tokenEscaping((character) => character !== "." && character !== ":");

const plainTopic = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

/** The name of a concrete bus topic in Redis: the topic itself, with escaped characters written out. The inverse of `topicOf`. */
export function nameOf(topic: string): string {
  return topic.includes("_x") ? topic.split(".").map(words.toName).join(".") : topic;
}

/** The bus topic of any name, also a foreign one. The inverse of `nameOf`. */
export function topicOf(name: string): string {
  if (plainTopic.test(name) && !name.includes("_x")) return name;
  return name.split(".").map(words.toToken).join(".");
}

/** Tells whether a filter can fit more than one topic. */
export function isWildcard(filter: string): boolean {
  return filter.split(".").some((token) => token === "*" || token === "**");
}

/** The keys of one bus in Redis. No topic can have a name of those that begin with a colon. */
export class Keys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** A set: the names of all topics that were published to. */
  get topics(): string {
    return `${this.#prefix}:topics`;
  }

  /** A hash: what is known of each subscription that outlives its process, by name. */
  get subscriptions(): string {
    return `${this.#prefix}:subscriptions`;
  }

  /** A sorted set: subscriptions that are to go, by the time of the server when they do, in milliseconds. */
  get expiring(): string {
    return `${this.#prefix}:expiring`;
  }

  /** The stream of a topic. */
  stream(topic: string): string {
    return this.#prefix + nameOf(topic);
  }

  /** A stream: the dead letters of a group. */
  deadLetters(group: string): string {
    return `${this.#prefix}${reservedToken}.dlq.${group}`;
  }

  /** A hash: the entry of each slot in `deadLetters`. */
  deadLetterSlots(group: string): string {
    return `${this.deadLetters(group)}:slots`;
  }
}
