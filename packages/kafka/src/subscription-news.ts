import type { BrokerStatus, Delivery, SubscribeRequest } from "@busbar/core/contract";
import { ConnectionError } from "@busbar/core/driver";
import { classify } from "./classify.ts";
import type { AssignedPartition } from "./client.ts";

/** What a subscription tells of itself, as statuses of its broker. */
export class SubscriptionNews {
  readonly #request: SubscribeRequest;
  readonly #tell: (status: BrokerStatus) => void;
  #connected = true;

  constructor(request: SubscribeRequest, tell: (status: BrokerStatus) => void) {
    this.#request = request;
    this.#tell = tell;
  }

  /** It has its connection, or lost it; the same twice is told once. */
  connected(connected: boolean, cause?: unknown): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    const { name, filter } = this.#request;
    const error =
      cause === undefined
        ? {}
        : { error: classify(cause, { doing: `The subscription to "${filter}"`, topic: filter }) };
    this.#tell({ type: "subscription", name, connected, ...error });
  }

  /** Other members have these messages now. */
  revoked(positions: readonly string[]): void {
    this.#tell({ type: "revoked", name: this.#request.name, positions });
  }

  /** Messages may have been missed. */
  positionLost({ topic, partition }: AssignedPartition, why: string): void {
    const reason = `Partition ${partition} of "${topic}": ${why}; it goes on at the first message that is left.`;
    this.#tell({ type: "position-lost", name: this.#request.name, reason });
  }

  /** The acknowledgement did not reach the broker, nor did those before it that were not written yet. */
  unwritten(delivery: Delivery): void {
    const { name, filter } = this.#request;
    const message = `The acknowledgement of a message of "${filter}" is lost: its partition went to another member, or the connection was lost. It comes again.`;
    const error = new ConnectionError(message, { broker: "kafka", topic: filter });
    this.#tell({ type: "settlement-failed", name, delivery, outcome: "ack", error });
  }

  /** It will not come back by itself. */
  fatal(error: Error): void {
    this.#tell({ type: "fatal", name: this.#request.name, error });
  }
}
