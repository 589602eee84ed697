import { createServer } from "node:net";
import type { Broker, Delivery } from "@busbar/core/contract";
import { RefusedError } from "@busbar/core/driver";
import { overlaid } from "../../src/overlaid.ts";
import { onBoth, onBus, onDriver, requesting, subscribers } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

/** Those that do badly when connections break, servers are away, or processes come and go. */
export const resilienceMutants: readonly Mutant[] = [
  {
    name: "stays away after a restart",
    breaks: [onBus("H1", /by the subscription that was there before/)],
    mutate: stayingAway,
  },
  {
    name: "keeps nothing over a restart",
    breaks: [onBus("H1", /nothing that was confirmed is lost/)],
    mutate: (broker) =>
      onCut(broker, (name) => {
        // Its subscribers join a new queue of the name; what waits in the old one is gone.
        const { native } = broker as Broker & { native: { removeQueue(name: string): void } };
        native.removeQueue(name);
      }),
  },
  {
    name: "goes on with no other server",
    breaks: onBoth("H4", /the subscription is back after the end of server 0/),
    mutate: stayingAway,
  },
  {
    name: "loses a message where a server ends",
    breaks: onBoth("H4", /nothing that was confirmed is lost/),
    mutate: losingAfterCuts,
  },
  {
    name: "does not bring its subscriptions back",
    overLink: true,
    breaks: onBoth("H2", /the subscription is back after a cut/),
    mutate: stayingAway,
  },
  {
    name: "takes a cut for a confirm",
    overLink: true,
    breaks: onBoth("H2", /nothing that was confirmed is lost/),
    mutate: (broker) =>
      overlaid(broker, {
        publish: (record, options) => broker.publish(record, options).catch(() => ({ id: record.id })),
      }),
  },
  {
    name: "confirms before it is heard",
    overLink: true,
    breaks: onBoth("H2", /nothing is confirmed that was never heard/),
    mutate: (broker) =>
      overlaid(broker, {
        publish: (record, options) => {
          void broker.publish(record, options).catch(() => undefined);
          return Promise.resolve({ id: record.id });
        },
      }),
  },
  {
    name: "says of a cut that the publish is refused",
    overLink: true,
    breaks: [
      onDriver("H2", /a publish without a confirm is refused as one to send again/),
      onBus("H2", /the bus sends again what a cut has swallowed/),
    ],
    mutate: (broker) =>
      overlaid(broker, {
        publish: (record, options) =>
          broker.publish(record, options).catch((error: unknown) => {
            throw new RefusedError("no", { cause: error });
          }),
      }),
  },
  {
    name: "hands out backwards what comes again",
    overLink: true,
    breaks: [onBus("H2", /no message of a key is handled before an earlier one of it/)],
    mutate: backwardsAgain,
  },
  {
    name: "takes what comes again for handled",
    overLink: true,
    breaks: [
      onDriver("H3", /over a connection that was cut comes again/),
      onBus("H3", /every message is run for the 2\. time/),
    ],
    mutate: (broker) =>
      overlaid(broker, {
        subscribe: (request, sink) =>
          broker.subscribe(request, (delivery) => (delivery.redelivered ? delivery.settle("ack") : sink(delivery))),
      }),
  },
  {
    name: "lets all groups share",
    breaks: [onBus("H5", /each service gets every message/)],
    mutate: (broker) => requesting(broker, (request) => ({ ...request, name: `shared ${request.filter}` })),
  },
  {
    name: "forgets a subscription that is closed",
    breaks: onBoth("H6", /all lives together have every message/),
    mutate: (broker) => subscribers(broker, (subscriber) => ({ close: () => subscriber.remove() })),
  },
  {
    name: "gives up where nobody answers",
    overLink: true,
    breaks: [onBus("H7", /and the publish waits for it/)],
    mutate: (broker) =>
      overlaid(broker, {
        open: (options) =>
          broker.open(options).catch((error: unknown) => {
            throw new RefusedError("nobody answers", { cause: error });
          }),
      }),
  },
  {
    name: "leaves a socket behind where it is cut",
    overLink: true,
    breaks: [onBus("H8", /nothing that keeps the process alive is left: .*"TCPSERVERWRAP/)],
    mutate: (broker) =>
      onCut(broker, () => {
        const server = createServer().listen(0, "127.0.0.1");
        setTimeout(() => void server.close(), 20_000).unref();
      }),
  },
  {
    name: "leaves a timer behind where it is cut",
    overLink: true,
    breaks: [onBus("H8", /nothing that keeps the process alive is left: .*"Timeout begun at .*resilience\.ts/)],
    mutate: (broker) => onCut(broker, () => void setTimeout(() => undefined, 20_000)),
  },
];

/** The broker with something done to each of its subscriptions when its connection is cut. */
function onCut(broker: Broker, act: (name: string) => void): Broker {
  broker.onStatus((status) => {
    if (status.type === "subscription" && !status.connected && status.name !== undefined) act(status.name);
  });
  return broker;
}

function stayingAway(broker: Broker): Broker {
  const stops = new Map<string, () => Promise<void>>();
  onCut(broker, (name) => void stops.get(name)?.());
  return overlaid(broker, {
    subscribe: async (request, sink) => {
      const subscriber = await broker.subscribe(request, sink);
      stops.set(request.name, () => subscriber.stop());
      return subscriber;
    },
  });
}

/** Takes the first new message after each cut for handled. */
function losingAfterCuts(broker: Broker): Broker {
  let lost = true;
  onCut(broker, () => void (lost = false));
  return overlaid(broker, {
    subscribe: (request, sink) =>
      broker.subscribe(request, (delivery) => {
        if (lost || delivery.redelivered) return sink(delivery);
        lost = true;
        delivery.settle("ack");
      }),
  });
}

/** Collects what comes again in one go and hands it out from the last to the first. */
function backwardsAgain(broker: Broker): Broker {
  return overlaid(broker, {
    subscribe: (request, sink) => {
      const again: Delivery[] = [];
      return broker.subscribe(request, (delivery) => {
        if (!delivery.redelivered) return sink(delivery);
        again.unshift(delivery);
        if (again.length === 1) queueMicrotask(() => again.splice(0).forEach(sink));
      });
    },
  });
}
