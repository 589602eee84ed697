import type { BrokerStatus, InboundRecord, Outcome } from "@busbar/core/contract";
import type { Arrival } from "@busbar/core/driver";
import type { Acknowledgeable, InboundFlow } from "./inbound-flow.ts";

/** Tells of a status. */
export type TellStatus = (status: BrokerStatus) => void;

/** What all arrivals of one connection have in common. */
export interface ArrivalOrigin {
  /** The name of the subscription. */
  readonly name: string;
  /** Counts the sessions: packet identifiers begin again in a new one. */
  readonly session: number;
  readonly flow: InboundFlow;
  readonly tell: TellStatus;
}

/** A message of QoS 1: settling it is a PUBACK, or none. */
export class AcknowledgedArrival implements Arrival, Acknowledgeable {
  readonly record: InboundRecord;
  readonly redelivered: boolean;
  readonly position: string;
  readonly messageId: number;
  readonly #origin: ArrivalOrigin;
  #outcome: Outcome = "ack";

  constructor(record: InboundRecord, messageId: number, redelivered: boolean, origin: ArrivalOrigin) {
    this.record = record;
    this.messageId = messageId;
    this.redelivered = redelivered;
    this.position = `${origin.session}:${messageId}`;
    this.#origin = origin;
  }

  /** MQTT cannot give one message back: released, it stays unacknowledged and comes again with the next connection. */
  settle(outcome: Outcome): void {
    this.#outcome = outcome;
    if (outcome !== "release") this.#origin.flow.acknowledge(this);
  }

  unwritten(error: Error): void {
    const { record, redelivered, position } = this;
    const { name, tell } = this.#origin;
    const delivery = { record, redelivered, position, stale: true, settle: () => {} };
    tell({ type: "settlement-failed", name, delivery, outcome: this.#outcome, error });
  }
}

/** A message of QoS 0, which the server has forgotten already. */
export class UnacknowledgedArrival implements Arrival {
  readonly record: InboundRecord;
  readonly redelivered: boolean = false;

  constructor(record: InboundRecord) {
    this.record = record;
  }

  settle(): void {}
}
