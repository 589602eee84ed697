import type { Broker, Delivery, OutboundRecord, SubscribeRequest, Subscriber } from "@busbar/core/contract";
import type { Face } from "../../src/face.ts";
import { overlaid } from "../../src/overlaid.ts";

/** A case that a mutant must fail, and the words in which the law says so. */
export interface Breach {
  readonly law: string;
  readonly face: Face;
  readonly says: RegExp;
}

/** A broker that is broken on purpose, in one way, to show that the law made for it notices. */
export interface Mutant {
  readonly name: string;
  readonly breaks: readonly Breach[];
  /** True where the law can only see it over a link. */
  readonly overLink?: boolean;
  /** Called once for each broker of a case; what one of them knows the others do not. */
  mutate(broker: Broker): Broker;
}

/** A breach on the bare driver. */
export function onDriver(law: string, says: RegExp): Breach {
  return { law, face: "driver", says };
}

/** A breach through the bus. */
export function onBus(law: string, says: RegExp): Breach {
  return { law, face: "bus", says };
}

/** A breach on both faces, in the same words. */
export function onBoth(law: string, says: RegExp): readonly Breach[] {
  return [onDriver(law, says), onBus(law, says)];
}

/** The broker with every record changed on its way out. */
export function sending(broker: Broker, change: (record: OutboundRecord) => OutboundRecord): Broker {
  return overlaid(broker, { publish: (record, options) => broker.publish(change(record), options) });
}

/** The broker with every request to subscribe changed. */
export function requesting(broker: Broker, change: (request: SubscribeRequest) => SubscribeRequest): Broker {
  return overlaid(broker, { subscribe: (request, sink) => broker.subscribe(change(request), sink) });
}

/** The broker with every delivery changed on its way in. */
export function delivering(
  broker: Broker,
  change: (delivery: Delivery, request: SubscribeRequest) => Delivery,
): Broker {
  return overlaid(broker, {
    subscribe: (request, sink) => broker.subscribe(request, (delivery) => sink(change(delivery, request))),
  });
}

/** The broker with every settlement changed; where the change gives none, nothing is settled. */
export function settling(broker: Broker, change: (outcome: Outcome) => Outcome | undefined): Broker {
  return delivering(broker, (delivery) =>
    overlaid(delivery, {
      settle: (outcome, delayMs) => {
        const changed = change(outcome);
        if (changed !== undefined) delivery.settle(changed, delayMs);
      },
    }),
  );
}

/** The broker with every subscriber changed. */
export function subscribers(broker: Broker, change: (subscriber: Subscriber) => Partial<Subscriber>): Broker {
  return overlaid(broker, {
    subscribe: async (request, sink) => {
      const subscriber = await broker.subscribe(request, sink);
      return overlaid(subscriber, change(subscriber));
    },
  });
}

type Outcome = Parameters<Delivery["settle"]>[0];
