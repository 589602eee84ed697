import type { Delivery } from "@busbar/core/contract";
import { overlaid } from "../../src/overlaid.ts";
import { delivering, onBoth, onBus, onDriver, settling } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

/** Those that do something else with a message than they were told to. */
export const settlementMutants: readonly Mutant[] = [
  {
    name: "forgets acknowledgements",
    breaks: onBoth("C1", /what was acknowledged does not come again/),
    mutate: (broker) => settling(broker, (outcome) => (outcome === "ack" ? undefined : outcome)),
  },
  {
    name: "acknowledges before anybody has the message",
    breaks: [
      onDriver("C2", /every message that was given back comes again/),
      onDriver("C6", /what was not settled comes again/),
      onBus("C6", /the next process gets it/),
    ],
    mutate: (broker) =>
      delivering(broker, (delivery) => {
        delivery.settle("ack");
        return delivery;
      }),
  },
  {
    name: "takes what was given back for done",
    breaks: [onDriver("C2", /every message that was given back comes again/)],
    mutate: (broker) => settling(broker, (outcome) => (outcome === "release" ? "ack" : outcome)),
  },
  {
    name: "lets the last settlement count",
    breaks: [onDriver("C5", /what was given back first comes again/)],
    mutate: (broker) =>
      delivering(broker, (delivery) => {
        let last: Parameters<Delivery["settle"]> | undefined;
        return overlaid(delivery, {
          settle: (...settlement) => {
            last = settlement;
            setImmediate(() => delivery.settle(...(last ?? settlement)));
          },
        });
      }),
  },
  {
    name: "gives credit for every settlement",
    breaks: [onDriver("C5", /settling four times gives credit for one/)],
    mutate: (broker) =>
      overlaid(broker, {
        subscribe: (request, sink) => {
          const waiting: Delivery[] = [];
          let credit = request.maxInFlight;
          const pump = (): void => {
            while (credit > 0 && waiting.length > 0) {
              credit--;
              sink(waiting.shift() as Delivery);
            }
          };
          const take = (delivery: Delivery): void => {
            const settle = (...settlement: Parameters<Delivery["settle"]>): void => {
              delivery.settle(...settlement);
              credit++;
              pump();
            };
            waiting.push(overlaid(delivery, { settle }));
            pump();
          };
          return broker.subscribe({ ...request, maxInFlight: 1_000 }, take);
        },
      }),
  },
  {
    name: "delivers again what was rejected",
    breaks: [onDriver("C9", /a rejected message does not come again/)],
    mutate: (broker) => settling(broker, (outcome) => (outcome === "reject" ? "release" : outcome)),
  },
  {
    name: "forgets dead letters",
    breaks: [
      onBus("C3", /the group has a dead letter/),
      onBus("C9", /the group has a dead letter/),
      onBus("C14", /the group has a dead letter/),
    ],
    mutate: (broker) =>
      broker.deadLetters === undefined
        ? broker
        : overlaid(broker, { deadLetters: overlaid(broker.deadLetters, { put: () => Promise.resolve() }) }),
  },
  {
    name: "delivers over and over what became a dead letter",
    breaks: [onBus("C14", /it is handed out once, not over and over/)],
    mutate: (broker) =>
      delivering(broker, (delivery) =>
        overlaid(delivery, { settle: () => void setTimeout(() => delivery.settle("release"), 1) }),
      ),
  },
  {
    name: "holds everything up behind what is not settled",
    breaks: [
      onDriver("C15", /all others come while one is unsettled/),
      onBus("C15", /all others are handled while the poison waits/),
      ...onBoth("D4", /four are in the works/),
    ],
    mutate: (broker) =>
      overlaid(broker, { subscribe: (request, sink) => broker.subscribe({ ...request, maxInFlight: 1 }, sink) }),
  },
];
