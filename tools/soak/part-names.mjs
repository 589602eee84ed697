/**
 * The parts in the order of a run: their names as typed on the command line, and what is done, for people. What does it is in `parts.mjs`, which
 * needs the bus; this needs nothing.
 */
export const parts = /** @type {const} */ ([
  { name: "flow", title: "very many messages through one process, whose memory must not grow" },
  { name: "backlog", title: "a fast publisher and a slow handler, 10,000 messages apart" },
  { name: "bodies", title: "large, empty and binary bodies, byte for byte" },
  { name: "subscriptions", title: "very many subscriptions in one process, each gets its message" },
  { name: "keys", title: "10,000 keys with 16 handlers at a time, each key in order" },
  { name: "hostile", title: "topics, headers, keys and options that somebody made up to do harm" },
  { name: "handlers", title: "handlers that throw anything, settle twice, or never end" },
]);

/** @typedef {typeof parts[number]["name"]} PartName */
