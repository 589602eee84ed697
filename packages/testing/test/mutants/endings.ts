import { createServer } from "node:net";
import type { OutboundRecord } from "@busbar/core/contract";
import { bytesOf, textOf } from "../../src/numbered.ts";
import { overlaid } from "../../src/overlaid.ts";
import { onBoth, onBus, onDriver, requesting, sending, settling, subscribers } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

/** Those that end badly, or spoil what is made of single messages: batches, streams, answers, dead letters. */
export const endingMutants: readonly Mutant[] = [
  {
    name: "acknowledges what is given back at the end",
    breaks: [onBus("C12", /the next process gets the message/), onBus("G6", /what they had comes again/)],
    mutate: (broker) => settling(broker, (outcome) => (outcome === "release" ? "ack" : outcome)),
  },
  {
    name: "never ends to close a subscription",
    breaks: [
      onDriver("G1", /closing ends while messages are out/),
      onBus("G3", /the loop over a stream that is closed ends/),
    ],
    mutate: (broker) => subscribers(broker, () => ({ close: () => new Promise(() => undefined) })),
  },
  {
    name: "publishes only for those who subscribe",
    breaks: onBoth("G8", /publishing works without a subscription/),
    mutate: (broker) => {
      let subscribed = false;
      return overlaid(broker, {
        subscribe: (request, sink) => {
          subscribed = true;
          return broker.subscribe(request, sink);
        },
        publish: (record, options) =>
          subscribed ? broker.publish(record, options) : Promise.reject(new Error("subscribe first")),
      });
    },
  },
  {
    name: "leaves a socket behind",
    breaks: [onBus("G10", /nothing that keeps the process alive is left: .*"TCPSERVERWRAP/)],
    mutate: (broker) =>
      overlaid(broker, {
        open: async (options) => {
          const server = createServer().listen(0, "127.0.0.1");
          setTimeout(() => void server.close(), 5_000).unref();
          return broker.open(options);
        },
      }),
  },
  {
    name: "leaves a timer behind",
    breaks: [onBus("G10", /nothing that keeps the process alive is left: .*"Timeout begun at .*endings\.ts/)],
    mutate: (broker) =>
      overlaid(broker, {
        open: async (options) => {
          setTimeout(() => undefined, 5_000);
          return broker.open(options);
        },
      }),
  },
  {
    name: "hands out one message at a time",
    breaks: [onBus("F1", /a batch is filled to its most/)],
    mutate: (broker) => requesting(broker, (request) => ({ ...request, maxInFlight: 1 })),
  },
  {
    name: "forgets the reasons of dead letters",
    breaks: [onBus("I1", /and why it is one/)],
    mutate: (broker) => burying(broker, (record) => without(record, "busbar-dead-reason")),
  },
  {
    name: "keeps no dead letters",
    breaks: [onBus("F2", /the group has a dead letter/)],
    mutate: (broker) => burying(broker, () => undefined),
  },
  {
    name: "keeps dead letters as text",
    breaks: [onBus("I1", /the message is as it was/), onBus("I2", /the message is as it was/)],
    mutate: (broker) => burying(broker, (record) => ({ ...record, body: bytesOf(textOf(record.body)) })),
  },
  {
    name: "never lets go of a dead letter",
    breaks: [onBus("I3", /dropping says how many it has dropped/)],
    mutate: (broker) =>
      broker.deadLetters === undefined
        ? broker
        : overlaid(broker, { deadLetters: overlaid(broker.deadLetters, { remove: () => Promise.resolve(0) }) }),
  },
  {
    name: "gives an answer the body of the one before",
    breaks: [onBus("I7", /each get their own answer|a request gets its answer/)],
    mutate: (broker) => {
      let before: Uint8Array | undefined;
      return sending(broker, (record) => {
        if (!record.address.startsWith("_busbar.reply.")) return record;
        const body = before ?? record.body;
        before = record.body;
        return { ...record, body };
      });
    },
  },
  {
    name: "loses the type of an answer",
    breaks: [onBus("I7", /the error of a handler comes back to whoever asked/)],
    mutate: (broker) =>
      sending(broker, (record) =>
        record.address.startsWith("_busbar.reply.") ? { ...record, contentType: "application/json" } : record,
      ),
  },
];

type Broker = Parameters<Mutant["mutate"]>[0];

/** The broker with every dead letter changed, or not kept, before it is. */
function burying(broker: Broker, change: (record: OutboundRecord) => OutboundRecord | undefined): Broker {
  const store = broker.deadLetters;
  if (store === undefined) return broker;
  return overlaid(broker, {
    deadLetters: overlaid(store, {
      put: (group, slot, record, options) => {
        const changed = change(record);
        return changed === undefined ? Promise.resolve() : store.put(group, slot, changed, options);
      },
    }),
  });
}

function without(record: OutboundRecord, header: string): OutboundRecord {
  return { ...record, headers: Object.fromEntries(Object.entries(record.headers).filter(([name]) => name !== header)) };
}
