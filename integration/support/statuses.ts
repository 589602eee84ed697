import type { Broker, BrokerStatus } from "@busbar/core/contract";
import { afterwards } from "./cleanups.ts";

type Kind = BrokerStatus["type"];
type StatusOf<T extends Kind> = Extract<BrokerStatus, { type: T }>;

/** A broker with a record of its statuses. */
export type Told<B extends Broker> = B & { readonly told: BrokerStatus[] };

/** Keeps a record of the broker's statuses, and closes it after the test. */
export function watched<B extends Broker>(broker: B): Told<B> {
  const told: BrokerStatus[] = [];
  broker.onStatus((status) => told.push(status));
  afterwards(() => broker.close());
  return Object.assign(broker, { told });
}

/** Resolves with the first status that fits, past or to come. */
export function statusOf<T extends Kind>(
  broker: Told<Broker>,
  type: T,
  fits: (status: StatusOf<T>) => boolean = () => true,
): Promise<StatusOf<T>> {
  const past = broker.told.find((status) => isIt(status, type, fits));
  return past === undefined ? nextStatus(broker, type, fits) : Promise.resolve(past as StatusOf<T>);
}

/** Resolves with the next status that fits. */
export function nextStatus<T extends Kind>(
  broker: Pick<Broker, "onStatus">,
  type: T,
  fits: (status: StatusOf<T>) => boolean = () => true,
): Promise<StatusOf<T>> {
  return new Promise((resolve) => {
    const end = broker.onStatus((status) => {
      if (!isIt(status, type, fits)) return;
      end();
      resolve(status as StatusOf<T>);
    });
  });
}

function isIt<T extends Kind>(status: BrokerStatus, type: T, fits: (status: StatusOf<T>) => boolean): boolean {
  return status.type === type && fits(status as StatusOf<T>);
}
