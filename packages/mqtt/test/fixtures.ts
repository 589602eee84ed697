import { randomUUID } from "node:crypto";
import type { BrokerStatus, Delivery, OutboundRecord, SubscribeRequest } from "@busbar/core/contract";
import { mqtt } from "@busbar/mqtt";
import type { MqttBroker, MqttOptions } from "@busbar/mqtt";
import { connectAsync } from "mqtt";
import type { IClientOptions, MqttClient } from "mqtt";

/** A word that no other test uses, to keep topics, groups and names apart on a shared broker. */
export function unique(): string {
  return `t${randomUUID().slice(0, 8)}`;
}

/** A record with everything that a driver needs filled in. */
export function outbound(
  address: string,
  body: string | Uint8Array = "",
  changes: Partial<OutboundRecord> = {},
): OutboundRecord {
  return {
    address,
    topic: address,
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
    headers: {},
    id: randomUUID(),
    timestamp: 1_700_000_000_000,
    contentType: "application/json",
    delivery: "at-least-once",
    sending: 1,
    publishToken: randomUUID(),
    ...changes,
  };
}

/** A request for a subscription that is neither durable nor grouped. */
export function request(filter: string, changes: Partial<SubscribeRequest> = {}): SubscribeRequest {
  return {
    filter,
    name: `test-${unique()}`,
    member: "service-0",
    durable: false,
    delivery: "at-least-once",
    startFrom: "new",
    maxInFlight: 256,
    graceMs: 60_000,
    ...changes,
  };
}

export function text(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}

/** Deliveries as they come, for a test that waits for so many of them. */
export class Inbox {
  readonly deliveries: Delivery[] = [];
  #waiting: { count: number; resolve: () => void }[] = [];
  /** What to do with each; by default nothing. */
  readonly #handle: (delivery: Delivery) => void;

  constructor(handle: (delivery: Delivery) => void = () => {}) {
    this.#handle = handle;
  }

  readonly sink = (delivery: Delivery): void => {
    this.deliveries.push(delivery);
    this.#handle(delivery);
    this.#waiting = this.#waiting.filter(({ count, resolve }) => {
      if (this.deliveries.length < count) return true;
      resolve();
      return false;
    });
  };

  get bodies(): string[] {
    return this.deliveries.map(({ record }) => text(record.body));
  }

  /** Resolves once at least so many came. */
  async count(count: number): Promise<readonly Delivery[]> {
    if (this.deliveries.length < count) await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    return this.deliveries;
  }
}

/** Acknowledges at once. */
export function acknowledging(): Inbox {
  return new Inbox((delivery) => delivery.settle("ack"));
}

/** Resolves with the next status that fits. */
export function status<T extends BrokerStatus["type"]>(
  broker: MqttBroker,
  type: T,
  fits: (status: Extract<BrokerStatus, { type: T }>) => boolean = () => true,
): Promise<Extract<BrokerStatus, { type: T }>> {
  return new Promise((resolve) => {
    const end = broker.onStatus((told) => {
      if (told.type !== type || !fits(told as Extract<BrokerStatus, { type: T }>)) return;
      end();
      resolve(told as Extract<BrokerStatus, { type: T }>);
    });
  });
}

/** Opens brokers for one test, and closes all of them after it. */
export class Brokers {
  readonly #url: string;
  readonly #open: MqttBroker[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  /** A broker that is not open yet. */
  make(options: Partial<MqttOptions> = {}): MqttBroker {
    const made = mqtt({ url: this.#url, ...options });
    this.#open.push(made);
    return made;
  }

  async open(options: Partial<MqttOptions> = {}): Promise<MqttBroker> {
    const made = this.make(options);
    await made.open();
    return made;
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((made) => made.close()));
  }
}

/** A foreign client, connected. End it with `endAsync`. */
export async function foreign(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  return connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, ...options });
}
