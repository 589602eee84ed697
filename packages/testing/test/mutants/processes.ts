import type { Broker } from "@busbar/core/contract";
import { RefusedError } from "@busbar/core/driver";
import { overlaid } from "../../src/overlaid.ts";
import { delivering, onBoth, onBus, sending, subscribers } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

/** Those that do badly with other processes: with twins, with those that are forgotten, with those that ask. */
export const processMutants: readonly Mutant[] = [
  {
    name: "forgets in name only",
    breaks: [onBus("G12", /what was kept for a group that is forgotten does not come/)],
    mutate: (broker) => subscribers(broker, (subscriber) => ({ remove: () => subscriber.close() })),
  },
  {
    name: "removes nothing that was closed",
    breaks: [onBus("G12", /nor does what was kept for one that was removed after it was closed/)],
    mutate: (broker) =>
      subscribers(broker, (subscriber) => {
        let isClosed = false;
        return {
          close: () => {
            isClosed = true;
            return subscriber.close();
          },
          remove: () => (isClosed ? Promise.resolve() : subscriber.remove()),
        };
      }),
  },
  {
    name: "forgets all groups with one",
    breaks: [onBus("G12", /the other group gets all that was kept for it/)],
    mutate: (broker) => {
      const names = new Set<string>();
      return overlaid(broker, {
        subscribe: async (request, sink) => {
          names.add(request.name);
          const subscriber = await broker.subscribe(request, sink);
          return overlaid(subscriber, {
            remove: async () => {
              await subscriber.remove();
              for (const name of names) serverOf(broker).removeQueue(name);
            },
          });
        },
      });
    },
  },
  {
    name: "forgets nothing twice",
    breaks: [onBus("G12", /forgetting is no error/)],
    mutate: (broker) => {
      const forgotten = new Set<string>();
      return overlaid(broker, {
        subscribe: async (request, sink) => {
          const subscriber = await broker.subscribe(request, sink);
          return overlaid(subscriber, {
            remove: async () => {
              if (forgotten.has(request.name)) throw new RefusedError("there is no such subscription");
              forgotten.add(request.name);
              await subscriber.remove();
            },
          });
        },
      });
    },
  },
  {
    name: "starts from the earliest message whenever it is asked to",
    breaks: onBoth("B5", /does not start from the earliest message again/),
    mutate: (broker) =>
      overlaid(broker, {
        subscribe: (request, sink) => {
          if (request.startFrom === "earliest") serverOf(broker).removeQueue(request.name);
          return broker.subscribe(request, sink);
        },
      }),
  },
  {
    name: "throws out whoever is there when it comes",
    breaks: onBoth("G13", /neither loses its connection to the other/),
    mutate: (broker) =>
      overlaid(broker, {
        subscribe: async (request, sink) => {
          const subscriber = await broker.subscribe(request, sink);
          serverOf(broker).sever();
          return subscriber;
        },
      }),
  },
  {
    name: "keeps the credit of what became a dead letter",
    breaks: [onBus("I2", /the message behind it is not held up/)],
    mutate: (broker) => {
      let first = true;
      return delivering(broker, (delivery) =>
        overlaid(delivery, {
          settle: (...settlement) => {
            if (!first) delivery.settle(...settlement);
            first = false;
          },
        }),
      );
    },
  },
  {
    name: "executes what nobody waits for any more",
    breaks: [onBus("I7", /a request for which nobody waits any more is not executed/)],
    mutate: withoutExpiry,
  },
  {
    name: "does not tell a caller that nobody responds",
    breaks: [onBus("I7", /the caller is told at once that nobody responds/)],
    mutate: (broker) =>
      overlaid(broker, {
        publish: async (record, options) => {
          const { routed: _routed, ...receipt } = await broker.publish(record, options);
          return receipt;
        },
      }),
  },
  {
    name: "forgets what messages are about",
    breaks: [onBus("I15", /what it comes to is the same as everywhere/)],
    mutate: (broker) => sending(broker, ({ key: _key, ...record }) => record),
  },
  {
    name: "buries the last words of whom it buries",
    breaks: [onBus("I15", /what it comes to is the same as everywhere/)],
    mutate: (broker) => {
      const store = broker.deadLetters;
      if (store === undefined) return broker;
      return overlaid(broker, {
        deadLetters: overlaid(store, {
          put: (group, slot, record, options) =>
            store.put(group, slot, { ...record, headers: { ...record.headers, "busbar-dead-error": "" } }, options),
        }),
      });
    },
  },
];

/** The server in memory behind the broker. */
function serverOf(broker: Broker): { removeQueue(name: string): void; sever(): void } {
  return broker.native as { removeQueue(name: string): void; sever(): void };
}

/** The broker with requests that are waited for for ever, as whoever takes them sees it. */
function withoutExpiry(broker: Broker): Broker {
  const given = new Map<string | undefined, string | undefined>();
  const taking = delivering(broker, (delivery) => {
    const { correlationId } = delivery.record;
    const endless = correlationId?.replace(/\.\d+$/, ".999999999999999");
    given.set(endless, correlationId);
    // Only what is asked: an answer has to find whoever waits for it.
    if (delivery.record.replyTo === undefined) return delivery;
    return overlaid(delivery, { record: { ...delivery.record, correlationId: endless } });
  });
  return overlaid(taking, {
    publish: (record, options) =>
      broker.publish(
        given.has(record.correlationId) ? { ...record, correlationId: given.get(record.correlationId) } : record,
        options,
      ),
  });
}
