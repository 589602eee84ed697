import type { PendingLaw } from "../law.ts";

/** Cases that are no law yet, because the bus has nothing that they could be tried on; each with what is missing. */
export const pendingLaws: readonly PendingLaw[] = [
  {
    law: "A9",
    title: "a subscription gets only the messages whose headers fit its filter",
    reason: "a filter speaks of topics alone, there is none over headers",
  },
  {
    law: "D6",
    title: "the concurrency of a running subscription can be changed",
    reason: "a subscription has no call for it, its concurrency is given when it is made",
  },
  {
    law: "I8",
    title: "what a handler publishes is sent only when the handler succeeds",
    reason: "a publish inside a handler is one like any other, there is no outbox",
  },
  {
    law: "I10",
    title: "the context of a trace travels with each message, with spans of its producer and its consumer",
    reason: "the bus writes no spans and carries no trace context yet",
  },
  {
    law: "I11",
    title: "the counters of the bus say what has happened",
    reason: "the bus exports no metrics yet",
  },
  {
    law: "I16",
    title: "messages travel as CloudEvents, in their binary and in their structured form",
    reason: "there is no codec for them yet",
  },
];
