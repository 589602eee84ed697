import { randomUUID } from "node:crypto";
import type { Subscriber } from "@busbar/core/contract";
import { onBoth, onBus, onDriver, requesting, subscribers } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

/** Those that give a message to somebody else than they should. */
export const groupMutants: readonly Mutant[] = [
  {
    name: "knows only one group",
    breaks: onBoth("B1", /every message arrives in each group/),
    mutate: (broker) => requesting(broker, (request) => ({ ...request, name: request.filter })),
  },
  {
    name: "gives each member of a group every message",
    breaks: [...onBoth("B2", /nothing arrives beside them/), onBus("B12", /and none of them twice/)],
    mutate: (broker) => requesting(broker, (request) => ({ ...request, name: `${request.name}-${randomUUID()}` })),
  },
  {
    name: "gives a group to one of its members",
    breaks: onBoth("B2", /each member gets at least one message/),
    mutate: (broker) =>
      requesting(broker, (request) =>
        request.member.endsWith("2")
          ? { ...request, name: `${request.name}-2`, filter: `${request.filter}.never` }
          : request,
      ),
  },
  {
    name: "lets subscribers without a group compete",
    breaks: onBoth("B3", /every message arrives at every subscriber/),
    mutate: (broker) =>
      requesting(broker, (request) => (request.group === undefined ? { ...request, name: request.filter } : request)),
  },
  {
    name: "forgets a subscription when it closes",
    breaks: [
      ...onBoth("B4", /what was published while it was away arrives/),
      ...onBoth("G7", /what came between arrives/),
      onDriver("C6", /what was not settled comes again/),
      onBus("C6", /the next process gets it/),
      onBus("G4", /what comes after it is kept for the next subscription/),
    ],
    mutate: (broker) => subscribers(broker, (subscriber) => ({ close: () => subscriber.remove() })),
  },
  {
    name: "starts every new subscription at the end",
    breaks: onBoth("B5", /what was published before it arrives/),
    mutate: (broker) => requesting(broker, (request) => ({ ...request, startFrom: "new" })),
  },
  {
    name: "closes all subscriptions with the first",
    breaks: onBoth("B8", /the one that stays gets what comes after/),
    mutate: (broker) => {
      const all: Subscriber[] = [];
      return subscribers(broker, (subscriber) => {
        all.push(subscriber);
        return { close: async () => void (await Promise.all(all.map((one) => one.close()))) };
      });
    },
  },
  {
    name: "takes a wildcard for any number of tokens",
    breaks: [onDriver("B10", /what does not fit it does not/)],
    mutate: (broker) =>
      requesting(broker, (request) => ({ ...request, filter: request.filter.replace(/\.\*$/, ".**") })),
  },
];
