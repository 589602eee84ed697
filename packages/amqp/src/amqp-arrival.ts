import type { Delivery, InboundRecord, Outcome } from "@busbar/core/contract";
import type { Arrival } from "@busbar/core/driver";
import type { ConsumeMessage } from "amqplib";
import { deliveriesOf, recordOf } from "./to-record.ts";

/** A message that RabbitMQ delivered, as it is offered for handing out. */
export class AmqpArrival implements Arrival {
  /** Names it on its channel. */
  readonly tag: number;
  readonly record: InboundRecord;
  readonly deliveries: number | undefined;
  readonly redelivered: boolean;
  /** What core has settled it as; absent before, and where core never saw it. */
  delivery: Delivery | undefined;
  readonly #settle: (arrival: AmqpArrival, outcome: Outcome) => void;

  constructor(message: ConsumeMessage, counted: boolean, settle: (arrival: AmqpArrival, outcome: Outcome) => void) {
    this.tag = message.fields.deliveryTag;
    this.record = recordOf(message);
    this.deliveries = deliveriesOf(message, counted);
    this.redelivered = message.fields.redelivered;
    this.#settle = settle;
  }

  settle(outcome: Outcome, delivery: Delivery): void {
    this.delivery = delivery;
    this.#settle(this, outcome);
  }
}
