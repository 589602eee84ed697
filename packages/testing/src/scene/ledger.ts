import type {
  AbortOptions,
  Broker,
  DeadLetterStore,
  Delivery,
  SubscribeRequest,
  Subscriber,
} from "@busbar/core/contract";
import { overlaid } from "../overlaid.ts";

/** A subscription that was made during a case, by a law itself or by a bus. */
export interface LedgerEntry {
  readonly request: SubscribeRequest;
  readonly subscriber: Subscriber;
  state: "running" | "closed" | "removed";
  /** The id of each message handed out, as often as it was handed out. */
  readonly handedOut: (string | undefined)[];
}

/**
 * Writes down what is made on the server during a case, by looking over the shoulder of every broker in it: so that all of
 * it can be taken away again, and so that a law can see what a bus asked of its driver.
 */
export class Ledger {
  readonly entries: LedgerEntry[] = [];
  readonly deadLetterGroups: Set<string> = new Set();

  /** The same broker, watched. Nothing else about it changes. */
  watch(broker: Broker): Broker {
    const store = broker.deadLetters === undefined ? undefined : this.#watchStore(broker.deadLetters);
    const own: LedgerEntry[] = [];
    return overlaid(broker, {
      subscribe: async (request: SubscribeRequest, sink: (delivery: Delivery) => void) => {
        const handedOut: (string | undefined)[] = [];
        const subscriber = await broker.subscribe(request, (delivery) => {
          handedOut.push(delivery.record.id);
          sink(delivery);
        });
        const entry: LedgerEntry = { request, subscriber, state: "running", handedOut };
        this.entries.push(entry);
        own.push(entry);
        return watchSubscriber(entry);
      },
      close: async (options?: AbortOptions) => {
        // It closes its subscribers with it, whatever becomes of the call.
        for (const entry of own) if (entry.state === "running") entry.state = "closed";
        await broker.close(options);
      },
      ...(store === undefined ? {} : { deadLetters: store }),
    });
  }

  #watchStore(store: DeadLetterStore): DeadLetterStore {
    return overlaid(store, {
      put: (...[group, ...rest]: Parameters<DeadLetterStore["put"]>) => {
        this.deadLetterGroups.add(group);
        return store.put(group, ...rest);
      },
    });
  }
}

function watchSubscriber(entry: LedgerEntry): Subscriber {
  const { subscriber } = entry;
  return overlaid(subscriber, {
    close: async () => {
      await subscriber.close();
      if (entry.state === "running") entry.state = "closed";
    },
    remove: async () => {
      await subscriber.remove();
      entry.state = "removed";
    },
  });
}
