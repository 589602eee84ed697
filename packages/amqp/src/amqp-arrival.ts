import type { Delivery, InboundRecord, Outcome } from "@busbar/core/contract";
import type { Arrival } from "@busbar/core/driver";
import type { ConsumeMessage } from "amqplib";
import { maxDelayMs } from "./holding.ts";
import { deliveriesOf, failuresOf, isRedelivered, recordOf } from "./to-record.ts";

/** How a message is given back that is not to come again at once. */
export interface Postponement {
  readonly delayMs: number;
  /** How often its handler has failed, where that is known. */
  readonly failures?: number | undefined;
}

/** What is known of a message beside itself. */
export interface ArrivalFacts {
  /** What it is handed over under, whatever its routing key. */
  readonly topic: string | undefined;
  /** Its queue counts deliveries. */
  readonly counted: boolean;
  /** The broker can hold it back, and it can be given back. */
  readonly holds: boolean;
}

/** Settles one, with `release` perhaps not before a time. */
export type SettleArrival = (arrival: AmqpArrival, outcome: Outcome, later: Postponement | undefined) => void;

/** A message that RabbitMQ delivered, as it is offered for handing out. */
export class AmqpArrival implements Arrival {
  /** Names it on its channel. */
  readonly tag: number;
  readonly record: InboundRecord;
  readonly deliveries: number | undefined;
  readonly redelivered: boolean;
  readonly failures: number | undefined;
  readonly longestDelayMs: number | undefined;
  /** What core has settled it as; absent before, and where core never saw it. */
  delivery: Delivery | undefined;
  readonly #settle: SettleArrival;

  constructor(message: ConsumeMessage, { topic, counted, holds }: ArrivalFacts, settle: SettleArrival) {
    this.tag = message.fields.deliveryTag;
    const record = recordOf(message);
    this.record = topic === undefined ? record : { ...record, address: topic };
    this.deliveries = deliveriesOf(message, counted);
    this.redelivered = isRedelivered(message);
    this.failures = failuresOf(message);
    this.longestDelayMs = holds ? maxDelayMs : undefined;
    this.#settle = settle;
  }

  settle(outcome: Outcome, delivery: Delivery, delayMs = 0, failures?: number): void {
    this.delivery = delivery;
    this.#settle(this, outcome, delayMs > 0 ? { delayMs, failures } : undefined);
  }
}
