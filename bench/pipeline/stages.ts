/** One stage of the way of a message through the bus, and what it adds to the one that it is compared with. */
export interface Stage {
  readonly name: string;
  readonly what: string;
  /** What its cost is the difference to. */
  readonly over?: string;
}

/** The stages, each measured with all that lies before it. */
export const stages: readonly Stage[] = [
  { name: "json", what: "a bare loop that encodes and decodes" },
  { name: "driver", what: "the broker in memory without the bus: publish, deliver, settle" },
  { name: "publish", what: "bus.publish with nobody subscribed: checks, record, codec, window" },
  { name: "at-most-once", what: "and a handler, acknowledged before it", over: "publish" },
  { name: "at-least-once", what: "acknowledged after it, with attempts, lanes and credit", over: "publish" },
  { name: "keys", what: "100 keys, each in order", over: "at-least-once" },
  { name: "10000-keys", what: "10,000 keys, each in order", over: "at-least-once" },
  { name: "async-handler", what: "a handler that takes a turn of the event loop", over: "at-least-once" },
  { name: "headers", what: "three headers", over: "at-least-once" },
  { name: "schema", what: "a typed topic, checked on both sides (zod)", over: "at-least-once" },
  { name: "100-filters", what: "99 other wildcard filters", over: "at-least-once" },
  { name: "10000-filters", what: "9,999 other wildcard filters", over: "at-least-once" },
];
