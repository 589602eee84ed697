import type { Delivery } from "@busbar/core/contract";
import { overlaid } from "../../src/overlaid.ts";
import { onBoth, onBus, onDriver, requesting, subscribers } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

/** Those that hand out, confirm, stop or declare in another way than they should. */
export const flowAndLifeMutants: readonly Mutant[] = [
  {
    name: "lets messages overtake each other",
    breaks: [...onBoth("D1", /is handled in order, each message once/), onBus("D3", /those behind it wait for it/)],
    mutate: (broker) =>
      overlaid(broker, {
        subscribe: (request, sink) => {
          const overtaken = new Map<string | undefined, Delivery>();
          const letGo = (key: string | undefined): void => {
            const late = overtaken.get(key);
            overtaken.delete(key);
            if (late !== undefined) sink(late);
          };
          return broker.subscribe(request, (delivery) => {
            const { key } = delivery.record;
            if (overtaken.has(key)) {
              sink(delivery);
              letGo(key);
            } else {
              overtaken.set(key, delivery);
              setTimeout(() => letGo(key), 20);
            }
          });
        },
      }),
  },
  {
    name: "ignores credit",
    breaks: [onDriver("D4", /there is no fifth/), onDriver("D5", /the one after it waits/)],
    mutate: (broker) => requesting(broker, (request) => ({ ...request, maxInFlight: 1_000 })),
  },
  {
    name: "confirms before the broker has",
    breaks: onBoth("E1", /the publish does not resolve before its confirm is here/),
    overLink: true,
    mutate: (broker) =>
      overlaid(broker, {
        publish: (record, options) => {
          broker.publish(record, options).catch(() => undefined);
          return Promise.resolve({ id: record.id });
        },
      }),
  },
  {
    name: "confirms what it loses",
    breaks: onBoth("E1", /what was confirmed is there/),
    mutate: (broker) => {
      let count = 0;
      return overlaid(broker, {
        publish: (record, options) =>
          ++count % 10 === 0 ? Promise.resolve({ id: record.id }) : broker.publish(record, options),
      });
    },
  },
  {
    name: "goes on after it was closed",
    breaks: [onDriver("E3", /a publish after closing is refused/)],
    mutate: (broker) => overlaid(broker, { close: () => Promise.resolve() }),
  },
  {
    name: "ignores signals",
    breaks: [onDriver("E6", /a driver rejects with the signal's reason/)],
    mutate: (broker) => overlaid(broker, { publish: (record) => broker.publish(record) }),
  },
  {
    name: "cannot be closed twice",
    breaks: [onDriver("G2", /closing (once more|twice at the same time) is harmless/)],
    mutate: (broker) => {
      let closed = false;
      return overlaid(broker, {
        close: () => {
          if (closed) return Promise.reject(new Error("closed already"));
          closed = true;
          return broker.close();
        },
      });
    },
  },
  {
    name: "never ends to close a subscription that is closed",
    breaks: [onDriver("G2", /close\(\) is harmless/)],
    mutate: (broker) =>
      subscribers(broker, (subscriber) => {
        let closed = false;
        return {
          close: () => {
            if (closed) return new Promise(() => undefined);
            closed = true;
            return subscriber.close();
          },
        };
      }),
  },
  {
    name: "hands out after stop",
    breaks: [onDriver("G5", /nothing is handed out after stop, though there is credit/)],
    mutate: (broker) => subscribers(broker, () => ({ stop: () => Promise.resolve() })),
  },
  {
    name: "takes no settlement after stop",
    breaks: [onDriver("G5", /what was acknowledged while stopping is not/)],
    mutate: (broker) =>
      overlaid(broker, {
        subscribe: async (request, sink) => {
          let stopped = false;
          const subscriber = await broker.subscribe(request, (delivery) => {
            sink(overlaid(delivery, { settle: (outcome) => (stopped ? undefined : delivery.settle(outcome)) }));
          });
          const stop = (): Promise<void> => {
            stopped = true;
            return subscriber.stop();
          };
          return overlaid(subscriber, { stop });
        },
      }),
  },
  {
    name: "claims what it does not declare",
    breaks: [onDriver("I14", /which the driver declares that it cannot/)],
    mutate: (broker) =>
      overlaid(broker, {
        open: async (options) => {
          const effective = await broker.open(options);
          return { ...effective, supports: { ...effective.supports, keyOrderAcrossMembers: "native" } };
        },
      }),
  },
  {
    name: "declares dead letters and has none",
    breaks: [onDriver("I14", /the facet deadLetters is there exactly where it is declared/)],
    mutate: (broker) => overlaid(broker, { deadLetters: undefined } as unknown as object),
  },
];
