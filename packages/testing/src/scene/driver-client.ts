import type { Broker, Delivery, Receipt } from "@busbar/core/contract";
import { usualAtOnce } from "./client.ts";
import type {
  Client,
  ClientPublishOptions,
  ClientSubscribeOptions,
  Inbox,
  Received,
  ReceivedHandler,
} from "./client.ts";
import { record, subscribeRequest } from "./records.ts";

/** A client on the bare contract: it acknowledges what its handler has handled and releases what it has not. */
export class DriverClient implements Client {
  readonly #broker: Broker;
  readonly #member: string;
  readonly #inboxes: Inbox[] = [];

  /** @param broker Open already. */
  constructor(broker: Broker, member: string) {
    this.#broker = broker;
    this.#member = member;
  }

  publish(topic: string, body: Uint8Array, options: ClientPublishOptions = {}): Promise<Receipt> {
    return this.#broker.publish(record(topic, body, options));
  }

  async subscribe(filter: string, options: ClientSubscribeOptions = {}, handler?: ReceivedHandler): Promise<Inbox> {
    const { atOnce = usualAtOnce, ...rest } = options;
    const received: Received[] = [];
    const busy = new Set<Promise<void>>();
    const take = (delivery: Delivery): void => {
      const message = receivedFrom(delivery);
      received.push(message);
      const run = settleBy(delivery, message, handler).finally(() => busy.delete(run));
      busy.add(run);
    };
    const request = subscribeRequest(this.#member, filter, { ...rest, maxInFlight: atOnce });
    const subscriber = await this.#broker.subscribe(request, take);
    const inbox: Inbox = {
      received,
      async close() {
        await subscriber.stop();
        await Promise.all(busy);
        await subscriber.close();
      },
    };
    this.#inboxes.push(inbox);
    return inbox;
  }

  async close(): Promise<void> {
    await Promise.all(this.#inboxes.map((inbox) => inbox.close()));
    await this.#broker.close();
  }
}

async function settleBy(delivery: Delivery, message: Received, handler: ReceivedHandler | undefined): Promise<void> {
  try {
    await handler?.(message);
    delivery.settle("ack");
  } catch {
    delivery.settle("release");
  }
}

/** What a law sees of a delivery. */
export function receivedFrom({ record: inbound }: Delivery): Received {
  return {
    topic: inbound.topic ?? inbound.address,
    body: inbound.body,
    headers: inbound.headers,
    key: inbound.key,
    id: inbound.id,
    timestamp: inbound.timestamp,
    contentType: inbound.contentType,
  };
}
