import type { BrokerStatus, Delivery, OutboundRecord, Subscriber, SubscribeRequest } from "@busbar/core/contract";
import {
  record as ownRecord,
  request as ownRequest,
  unique as uniqueText,
} from "../../../integration/support/records.ts";
import type { KafkaBroker } from "../src/index.ts";

export { errorOf as rejection } from "../../../integration/support/rejections.ts";

/** Every library that can speak to Kafka. */
export const clients = ["kafkajs", "platformatic"] as const;

/** A name that no other test has. */
export function unique(stem: string): string {
  return uniqueText(`${stem}-`);
}

/** A record of text with everything that a record has to have. */
export function record(
  topic: string,
  body: string | Uint8Array = "",
  more: Partial<OutboundRecord> = {},
): OutboundRecord {
  return ownRecord(topic, body, { contentType: "text/plain", timestamp: Date.now(), ...more });
}

/** A request with everything that a request has to have: a group of its own, from now on. */
export function request(filter: string, more: Partial<SubscribeRequest> = {}): SubscribeRequest {
  return ownRequest(filter, { group: "tests", durable: true, graceMs: 1_000, ...more });
}

/** Collects what comes, and lets a test wait for it. */
export class Inbox<T> {
  readonly items: T[] = [];
  readonly #waiting: { readonly enough: (items: readonly T[]) => boolean; readonly resolve: () => void }[] = [];

  readonly add = (item: T): void => {
    this.items.push(item);
    for (const waiter of this.#waiting.slice()) {
      if (!waiter.enough(this.items)) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.resolve();
    }
  };

  /** Longer than the session of a member, which is what a group waits for at worst. */
  async until(enough: (items: readonly T[]) => boolean, withinMs = 40_000): Promise<void> {
    if (enough(this.items)) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ enough, resolve });
      timer = setTimeout(
        () => reject(new Error(`nothing like that within ${withinMs} ms; ${this.items.length} came`)),
        withinMs,
      );
    });
    clearTimeout(timer);
  }

  async count(count: number): Promise<readonly T[]> {
    await this.until((items) => items.length >= count);
    return this.items;
  }
}

/** Subscribes and collects; settles by itself unless told not to. */
export async function collect(
  broker: KafkaBroker,
  wanted: SubscribeRequest,
  how: { readonly settle?: boolean; readonly inbox?: Inbox<Delivery> } = {},
): Promise<{ readonly subscriber: Subscriber; readonly inbox: Inbox<Delivery> }> {
  const inbox = how.inbox ?? new Inbox<Delivery>();
  const subscriber = await broker.subscribe(wanted, (delivery) => {
    inbox.add(delivery);
    if (how.settle !== false) delivery.settle("ack");
  });
  return { subscriber, inbox };
}

/** The statuses of a broker from now on. */
export function statuses(broker: KafkaBroker): Inbox<BrokerStatus> {
  const inbox = new Inbox<BrokerStatus>();
  broker.onStatus(inbox.add);
  return inbox;
}

/** The bodies as text. */
export function bodies(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ record: { body } }) => Buffer.from(body).toString("utf8"));
}

/** So many numbers as texts, from one on. */
export function numbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => String(index + from));
}
