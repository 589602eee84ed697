import type { Broker, Capabilities, Delivery, InboundRecord, OutboundRecord } from "@busbar/core/contract";
import { overlaid } from "../../src/overlaid.ts";

/** The broker, saying that it can do something that the broker in memory cannot. */
export function declaring(broker: Broker, ...names: readonly (keyof Capabilities)[]): Broker {
  const more = Object.fromEntries(names.map((name) => [name, "native"]));
  return overlaid(broker, {
    declared: { ...broker.declared, ...more },
    open: async (options) => {
      const effective = await broker.open(options);
      return { ...effective, supports: { ...effective.supports, ...more } };
    },
  });
}

/** The broker with delays, which it keeps. `held` says how long it holds back what is to wait for `delayMs`. */
export function delaying(broker: Broker, held: (delayMs: number) => number = (delayMs) => delayMs): Broker {
  const publish = (record: OutboundRecord): ReturnType<Broker["publish"]> => {
    const { delayMs, ...rest } = record;
    if (delayMs === undefined) return broker.publish(record);
    // A timer ends up to a millisecond early.
    setTimeout(() => void broker.publish(rest).catch(() => undefined), held(delayMs) + 1).unref();
    return Promise.resolve({ id: record.id });
  };
  return overlaid(declaring(broker, "delay"), { publish });
}

/** When a message expires, by its id, as `performance.now()` tells it. Of all brokers, because publisher and subscriber are two. */
const expiries = new Map<string | undefined, number>();
/** The last value that is kept of each topic, of all brokers. */
const lastValues = new Map<string, OutboundRecord>();

/** The broker with messages that expire and last values that are kept, until they expire. `lived` says how long one lives. */
export function expiring(
  broker: Broker,
  lived: (expiresInMs: number, retained: boolean) => number = (ms) => ms,
): Broker {
  return overlaid(declaring(broker, "expiry", "retain"), {
    publish: (record, options) => {
      const { retain = false, expiresInMs } = record;
      if (expiresInMs !== undefined) expiries.set(record.id, performance.now() + lived(expiresInMs, retain));
      if (retain) lastValues.set(record.address, record);
      return broker.publish(record, options);
    },
    subscribe: async (request, sink) => {
      const subscriber = await broker.subscribe(request, (delivery) => {
        if (hasExpired(delivery.record)) delivery.settle("ack");
        else sink(delivery);
      });
      const last = lastValues.get(request.filter);
      if (last !== undefined && !hasExpired(last)) sink(lastValue(last));
      return subscriber;
    },
  });
}

function hasExpired({ id }: Pick<InboundRecord, "id">): boolean {
  return (expiries.get(id) ?? Number.POSITIVE_INFINITY) <= performance.now();
}

function lastValue(record: OutboundRecord): Delivery {
  return { record: { ...record, retained: true }, redelivered: false, stale: false, settle: () => undefined };
}

/** What a message was published with, by its id, of all brokers. */
const priorities = new Map<string | undefined, number>();

/** The broker with priorities, which it keeps among what waits. `rank` says what of a priority counts. */
export function prioritising(broker: Broker, rank: (priority: number) => number = (priority) => priority): Broker {
  return overlaid(declaring(broker, "priority"), {
    publish: (record, options) => {
      priorities.set(record.id, rank(record.priority ?? 0));
      return broker.publish(record, options);
    },
    subscribe: (request, sink) => {
      const waiting: Delivery[] = [];
      let credit = request.maxInFlight;
      const handOut = (): void => {
        waiting.sort((one, other) => priorityOf(other) - priorityOf(one));
        while (credit > 0 && waiting.length > 0) {
          credit--;
          sink(waiting.shift() as Delivery);
        }
      };
      // All that waits has come before the first of it is handed out.
      return broker.subscribe({ ...request, maxInFlight: 1_000 }, (delivery) => {
        const settle: Delivery["settle"] = (...settlement) => {
          delivery.settle(...settlement);
          credit++;
          handOut();
        };
        if (waiting.push(overlaid(delivery, { settle })) === 1) setImmediate(handOut);
      });
    },
  });
}

function priorityOf({ record }: Delivery): number {
  return priorities.get(record.id) ?? 0;
}
