import type { Bus, SubscribeOptions } from "@busbar/core";
import type { Receipt } from "@busbar/core/contract";
import { usualAtOnce } from "./client.ts";
import type {
  Client,
  ClientPublishOptions,
  ClientSubscribeOptions,
  Inbox,
  Received,
  ReceivedHandler,
} from "./client.ts";

/** A client through the bus: bytes as payloads, handlers that return or throw. */
export class BusClient implements Client {
  readonly #bus: Bus;

  /** @param bus Open already. */
  constructor(bus: Bus) {
    this.#bus = bus;
  }

  publish(topic: string, body: Uint8Array, options: ClientPublishOptions = {}): Promise<Receipt> {
    return this.#bus.publish(topic, body, options);
  }

  async subscribe(filter: string, options: ClientSubscribeOptions = {}, handler?: ReceivedHandler): Promise<Inbox> {
    const { atOnce = usualAtOnce, ...rest } = options;
    const received: Received[] = [];
    // Without dead letters, so that what is tried here does not depend on them.
    const subscribeOptions: SubscribeOptions = { ...rest, concurrency: atOnce, deadLetter: false };
    const subscription = await this.#bus.subscribe(filter, subscribeOptions, async (payload, message) => {
      const seen: Received = {
        topic: message.topic,
        body: payload as Uint8Array,
        headers: message.headers,
        key: message.key,
        id: message.id,
        timestamp: message.timestamp,
        contentType: message.contentType,
      };
      received.push(seen);
      await handler?.(seen);
    });
    return { received, close: () => subscription.close() };
  }

  close(): Promise<void> {
    return this.#bus.close();
  }
}
