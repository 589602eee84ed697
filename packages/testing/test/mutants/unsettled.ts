import { setTimeout as delay } from "node:timers/promises";
import type { Broker, BrokerStatus, Capabilities, Delivery } from "@busbar/core/contract";
import { textOf } from "../../src/numbered.ts";
import { overlaid } from "../../src/overlaid.ts";
import { delivering, onBoth, onBus, onDriver, requesting, settling, subscribers } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

/** How soon some of them deliver again what nobody has settled, in milliseconds: several times within the quiet time of a law. */
const soonMs = 15;

/** Those that do badly with what is not settled yet, or was settled where nobody heard it. */
export const unsettledMutants: readonly Mutant[] = [
  {
    name: "acknowledges all that came before what it acknowledges",
    breaks: onBoth("C7", /what was open comes again/),
    mutate: (broker) => {
      const out: Delivery[] = [];
      return delivering(broker, (delivery) => {
        out.push(delivery);
        return overlaid(delivery, {
          settle: (outcome, delayMs) => {
            if (outcome === "ack") for (const before of out.slice(0, out.indexOf(delivery))) before.settle("ack");
            delivery.settle(outcome, delayMs);
          },
        });
      });
    },
  },
  {
    name: "gives up its connection when it is paused",
    breaks: [onBus("D8", /its session goes on while it is paused/)],
    mutate: (broker) =>
      subscribers(broker, (subscriber) => ({
        pause: () => {
          subscriber.pause();
          (broker as Broker & { native: { sever(): void } }).native.sever();
        },
      })),
  },
  {
    name: "has less room than it was asked for",
    breaks: [onBus("C4", /every message is at work at the same time/)],
    mutate: (broker) =>
      requesting(broker, (request) => ({ ...request, maxInFlight: Math.min(request.maxInFlight, 50) })),
  },
  {
    name: "never acknowledges",
    breaks: [...onBoth("C7", /with nothing open before it does not/), onBus("C9", /and nothing that was rejected/)],
    mutate: (broker) => settling(broker, (outcome) => (outcome === "ack" ? undefined : outcome)),
  },
  {
    name: "hands out from the end what comes again",
    breaks: [onDriver("C7", /in its order, so that nothing from behind a hole/)],
    mutate: (broker) =>
      overlaid(broker, {
        subscribe: (request, sink) => {
          const again: Delivery[] = [];
          return broker.subscribe(request, (delivery) => {
            if (!delivery.redelivered) return sink(delivery);
            again.unshift(delivery);
            if (again.length === 1) queueMicrotask(() => again.splice(0).forEach(sink));
          });
        },
      }),
  },
  {
    name: "gives back at once what was to wait",
    breaks: [onDriver("C10", /never before its 200 ms are over/)],
    mutate: (broker) =>
      delivering(broker, (delivery) => overlaid(delivery, { settle: (outcome) => delivery.settle(outcome) })),
  },
  {
    name: "forgets what was to wait",
    breaks: [onDriver("C10", /what is given back comes again/)],
    mutate: (broker) =>
      delivering(broker, (delivery) =>
        overlaid(delivery, {
          settle: (outcome, delayMs) => delivery.settle(delayMs === undefined ? outcome : "ack", delayMs),
        }),
      ),
  },
  {
    name: "holds everything up while one waits",
    breaks: [onDriver("C10", /what is behind it comes meanwhile/)],
    mutate: (broker) =>
      delivering(broker, (delivery) =>
        overlaid(delivery, {
          settle: (outcome, delayMs) => void delay(delayMs ?? 0).then(() => delivery.settle(outcome)),
        }),
      ),
  },
  {
    name: "does not wait for who is slow",
    breaks: [
      ...onBoth("C16", /what is still being handled (goes to nobody again|is not run again)/),
      onBus("C17", /never before its 120 ms are over/),
    ],
    mutate: (broker) => deliveringAgain(broker, soonMs),
  },
  {
    name: "does not wait for who is deaf",
    breaks: [onBus("D11", /nothing is run again while it still runs/)],
    mutate: (broker) => deliveringAgain(broker, soonMs, ({ record }) => textOf(record.body).includes("deaf")),
  },
  {
    name: "hands nothing out while one is slow",
    breaks: [onBus("D11", /the subscription goes on with the slots that are left/)],
    mutate: (broker) =>
      requesting(broker, (request) => ({ ...request, maxInFlight: Math.min(request.maxInFlight, 1) })),
  },
  {
    name: "loses what is acknowledged late",
    breaks: [onDriver("C16", /an acknowledgement counts however late it is/)],
    mutate: (broker) =>
      delivering(broker, (delivery) => {
        const arrivedAt = performance.now();
        return overlaid(delivery, {
          settle: (outcome, delayMs) => {
            if (performance.now() - arrivedAt < 3 * soonMs) delivery.settle(outcome, delayMs);
          },
        });
      }),
  },
  {
    name: "takes what a cut leaves open for done",
    overLink: true,
    breaks: [onDriver("C11", /what nobody had settled comes again/)],
    mutate: (broker) =>
      overlaid(broker, {
        subscribe: (request, sink) =>
          broker.subscribe(request, (delivery) => (delivery.redelivered ? delivery.settle("ack") : sink(delivery))),
      }),
  },
  {
    name: "says of nothing that it comes again",
    overLink: true,
    breaks: [
      onDriver("C11", /what comes again says so/),
      onBus("C11", /what is run again knows that it was handed out before/),
    ],
    mutate: (broker) =>
      delivering(broker, (delivery) => overlaid(delivery, { redelivered: false, position: undefined })),
  },
  {
    name: "takes what is out for good over a cut",
    overLink: true,
    breaks: [onDriver("C11", /what was out before the cut is stale/)],
    mutate: (broker) => delivering(broker, (delivery) => overlaid(delivery, { stale: false })),
  },
  {
    name: "keeps to itself what was acknowledged in vain",
    overLink: true,
    breaks: onBoth("C11", /is left for it without a word/),
    mutate: (broker) => {
      const acknowledged = new Set<string | undefined>();
      return overlaid(broker, {
        subscribe: (request, sink) =>
          broker.subscribe(request, (delivery) => {
            const { id } = delivery.record;
            if (acknowledged.has(id) && delivery.redelivered) return;
            const settle: Delivery["settle"] = (outcome, delayMs) => {
              if (outcome === "ack") acknowledged.add(id);
              delivery.settle(outcome, delayMs);
            };
            sink(overlaid(delivery, { settle }));
          }),
      });
    },
  },
  {
    name: "says of every acknowledgement that it failed",
    overLink: true,
    breaks: [onDriver("C11", /what is said to have failed comes again/)],
    mutate: (broker) => tellingOfFailures(broker),
  },
  {
    name: "says that acknowledgements failed, and gives new places to what comes again",
    overLink: true,
    breaks: [onBus("C11", /is acknowledged when it comes again, without another run/)],
    mutate: (broker) => newPlacesAgain(tellingOfFailures(broker)),
  },
  {
    name: "gives new places to what comes again",
    overLink: true,
    breaks: [onBus("D12", /the one that runs is not run beside itself/)],
    mutate: newPlacesAgain,
  },
  {
    name: "gives all new places to what comes again of what is done",
    overLink: true,
    breaks: [onBus("D12", /what was handled is not run again when it comes again/)],
    mutate: (broker) =>
      delivering(broker, (delivery) =>
        delivery.redelivered && delivery.record.id?.includes("done") === true ? anew(delivery) : delivery,
      ),
  },
  {
    name: "takes more than there is room for",
    breaks: [onBus("D10", /no more are taken than there is room for/)],
    mutate: (broker) => requesting(broker, (request) => ({ ...request, maxInFlight: request.maxInFlight + 5 })),
  },
  {
    name: "loses what it has no room for",
    breaks: [onBus("D10", /every message is handled once it can be/)],
    mutate: (broker) =>
      overlaid(broker, {
        subscribe: (request, sink) => {
          let out = 0;
          return broker.subscribe({ ...request, maxInFlight: 1_000 }, (delivery) => {
            if (out >= request.maxInFlight) return delivery.settle("ack");
            out++;
            const settle: Delivery["settle"] = (outcome, delayMs) => {
              out--;
              delivery.settle(outcome, delayMs);
            };
            sink(overlaid(delivery, { settle }));
          });
        },
      }),
  },
  {
    name: "acknowledges what a member has when it leaves",
    breaks: onBoth("B11", /every message is handled by one of them/),
    mutate: (broker) => {
      const out = new Set<Delivery>();
      const kept = delivering(broker, (delivery) => {
        out.add(delivery);
        return overlaid(delivery, { settle: (outcome) => delivery.settle(outcome === "release" ? "ack" : outcome) });
      });
      return subscribers(kept, (subscriber) => ({
        close: async () => {
          for (const delivery of out) delivery.settle("ack");
          await subscriber.close();
        },
      }));
    },
  },
  {
    name: "acknowledges what a member has when it is cut off",
    overLink: true,
    breaks: onBoth("B11", /every message is handled by one of them/),
    mutate: (broker) => {
      const out = new Set<Delivery>();
      broker.onStatus((status) => {
        if (status.type === "subscription" && !status.connected) for (const delivery of out) delivery.settle("ack");
      });
      return delivering(broker, (delivery) => {
        out.add(delivery);
        return delivery;
      });
    },
  },
  {
    name: "gives nothing to who joins later",
    breaks: onBoth("B11", /a member that joins gets messages/),
    mutate: (broker) =>
      requesting(broker, (request) =>
        request.member.endsWith("staying") ? request : { ...request, name: "another", filter: "nothing" },
      ),
  },
  {
    name: "says that keys stay where they are, and shares them out",
    breaks: onBoth("D9", /all messages of key \d+ go to one member/),
    mutate: (broker) => claiming(broker, { keyOrderAcrossMembers: "native" }),
  },
  {
    name: "says that keys stay where they are, and gives all of them to one member",
    breaks: onBoth("D9", /each member has keys of its own/),
    mutate: (broker) =>
      requesting(claiming(broker, { keyOrderAcrossMembers: "native" }), (request) =>
        request.member.endsWith("2") ? { ...request, name: "another", filter: "nothing" } : request,
      ),
  },
];

/** The broker with every message handed out once more, as another one, when it is not settled soon. */
function deliveringAgain(broker: Broker, afterMs: number, which: (delivery: Delivery) => boolean = () => true): Broker {
  return overlaid(broker, {
    subscribe: (request, sink) =>
      broker.subscribe(request, (delivery) => {
        let settled = false;
        const settle: Delivery["settle"] = (outcome, delayMs) => {
          settled = true;
          delivery.settle(outcome, delayMs);
        };
        sink(overlaid(delivery, { settle }));
        void delay(afterMs).then(() => {
          if (!settled && which(delivery)) sink(anew(overlaid(delivery, { settle })));
        });
      }),
  });
}

/** The broker with a place of its own for each delivery of a message that was handed out before, so that none is known for the same. */
function newPlacesAgain(broker: Broker): Broker {
  return delivering(broker, (delivery) => (delivery.redelivered ? anew(delivery) : delivery));
}

let places = 0;

function anew(delivery: Delivery): Delivery {
  // Without its key, so that it waits for nobody.
  const record = { ...delivery.record, key: undefined };
  return overlaid(delivery, { record, redelivered: true, position: `another place ${++places}` });
}

/** The broker with a status for each acknowledgement that says that it could not be written. */
function tellingOfFailures(broker: Broker): Broker {
  const listeners = new Set<(status: BrokerStatus) => void>();
  const error = new Error("It could not be written.");
  const told = delivering(broker, (delivery, { name }) =>
    overlaid(delivery, {
      settle: (outcome, delayMs) => {
        delivery.settle(outcome, delayMs);
        for (const listener of listeners) listener({ type: "settlement-failed", name, delivery, outcome, error });
      },
    }),
  );
  return overlaid(told, {
    onStatus: (listener) => {
      listeners.add(listener);
      const unlisten = broker.onStatus(listener);
      return () => {
        listeners.delete(listener);
        unlisten();
      };
    },
  });
}

/** The broker with capabilities that it does not have. */
function claiming(broker: Broker, claims: Partial<Capabilities>): Broker {
  return overlaid(broker, {
    declared: { ...broker.declared, ...claims },
    open: async (options) => {
      const effective = await broker.open(options);
      return { ...effective, supports: { ...effective.supports, ...claims } };
    },
  });
}
