import type { Delivery, InboundRecord, Outcome } from "@busbar/core/contract";
import type { Arrival } from "@busbar/core/driver";
import type { ConsumeMessage } from "amqplib";
import { deliveriesOf, isRedelivered, recordOf } from "./to-record.ts";

/** Settles one, with `release` not before a time. */
export type SettleArrival = (arrival: AmqpArrival, outcome: Outcome, delayMs?: number) => void;

/** A message that RabbitMQ delivered, as it is offered for handing out. */
export class AmqpArrival implements Arrival {
  /** Names it on its channel. */
  readonly tag: number;
  readonly record: InboundRecord;
  readonly deliveries: number | undefined;
  readonly redelivered: boolean;
  /** What core has settled it as; absent before, and where core never saw it. */
  delivery: Delivery | undefined;
  readonly #settle: SettleArrival;

  /** @param topic What it is handed over under, whatever its routing key. */
  constructor(message: ConsumeMessage, topic: string | undefined, counted: boolean, settle: SettleArrival) {
    this.tag = message.fields.deliveryTag;
    const record = recordOf(message);
    this.record = topic === undefined ? record : { ...record, address: topic };
    this.deliveries = deliveriesOf(message, counted);
    this.redelivered = isRedelivered(message);
    this.#settle = settle;
  }

  settle(outcome: Outcome, delivery: Delivery, delayMs?: number): void {
    this.delivery = delivery;
    this.#settle(this, outcome, delayMs);
  }
}
