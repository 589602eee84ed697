/**
 * What each capability is called in tables, in the order of their rows.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const capabilityWords = {
  atLeastOnce: "at-least-once: confirmed publishes, acknowledged after the handler",
  atMostOnce: "at-most-once",
  groups: "groups of competing consumers",
  broadcast: "every subscriber gets each message",
  wildcards: "wildcards",
  durable: "messages are kept for who is away",
  startFromEarliest: '`startFrom: "earliest"`',
  headers: "headers",
  emptyBody: "empty bodies",
  deadLetters: "dead letters: list, replay, drop",
  replies: "requests and answers",
  routing: "`requireSubscriber`, `receipt.routed`",
  publishDedupe: "a publish that is sent again is kept once",
  keyOrderAcrossMembers: "order of a key over all members of a group",
  releaseOne: "one message is given back alone",
  delayedRelease: "… not before a given time",
  deliveryCount: "deliveries are counted",
  lag: "lag in `health()`",
  atMostOnceBackPressure: "nothing is dropped when an at-most-once consumer is slow",
  retain: "`retain`",
  expiry: "`expiresInMs`",
  delay: "`delayMs`",
  priority: "`priority`",
  memberNames: "needs a stable `instance` per process",
};
