import type { BrokerStatus, Delivery, InboundRecord, Outcome } from "@busbar/core/contract";
import type { Arrival } from "@busbar/core/driver";
import type { IPublishPacket } from "mqtt";
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

/** A message of QoS 1 or 2: settling it is a PUBACK or a PUBREC, or none. */
export class AcknowledgedArrival implements Arrival, Acknowledgeable {
  readonly record: InboundRecord;
  readonly redelivered: boolean;
  readonly position: string;
  readonly messageId: number;
  readonly qos: 1 | 2;
  readonly #origin: ArrivalOrigin;
  #settled: { readonly outcome: Outcome; readonly delivery: Delivery } | undefined;

  constructor(record: InboundRecord, { dup, qos }: IPublishPacket, messageId: number, origin: ArrivalOrigin) {
    this.record = record;
    this.messageId = messageId;
    this.qos = qos === 2 ? 2 : 1;
    this.redelivered = dup;
    this.position = `${origin.session}:${messageId}`;
    this.#origin = origin;
  }

  /** MQTT cannot give one message back: released, it stays unacknowledged and comes again with the next connection. */
  settle(outcome: Outcome, delivery: Delivery): void {
    this.#settled = { outcome, delivery };
    if (outcome !== "release") this.#origin.flow.acknowledge(this);
  }

  unwritten(error: Error): void {
    const { name, tell } = this.#origin;
    if (this.#settled !== undefined) tell({ type: "settlement-failed", name, ...this.#settled, error });
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
