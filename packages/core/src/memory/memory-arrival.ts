import type { Delivery, Headers, InboundRecord, OutboundRecord, Outcome } from "../contract/index.ts";
import type { Arrival } from "../driver/hand-out.ts";
import { copyOfBytes } from "./copy-of-bytes.ts";
import type { QueuedMessage } from "./queued-message.ts";

/** Whom a settlement is told to. */
export interface Settlements {
  settled(arrival: MemoryArrival, outcome: Outcome, delayMs: number | undefined): void;
}

/** A message on its way from a queue to core. */
export class MemoryArrival implements Arrival {
  readonly message: QueuedMessage;
  /** Its place among what the subscriber has out. */
  readonly place: number;
  readonly record: InboundRecord;
  readonly deliveries: number;
  readonly #settlements: Settlements;

  constructor(message: QueuedMessage, place: number, settlements: Settlements) {
    this.message = message;
    this.place = place;
    this.record = new ReceivedRecord(message);
    this.deliveries = message.deliveries;
    this.#settlements = settlements;
  }

  get redelivered(): boolean {
    return this.deliveries > 1;
  }

  get position(): string {
    return this.message.position;
  }

  settle(outcome: Outcome, _delivery: Delivery, delayMs?: number): void {
    this.#settlements.settled(this, outcome, delayMs);
  }
}

/** What one subscriber gets of a record: bytes and headers of its own. */
class ReceivedRecord implements InboundRecord {
  readonly address: string;
  readonly topic: string;
  readonly body: Uint8Array;
  readonly headers: Headers;
  readonly key: OutboundRecord["key"];
  readonly replyTo: OutboundRecord["replyTo"];
  readonly correlationId: OutboundRecord["correlationId"];
  readonly id: string;
  readonly timestamp: number;
  readonly contentType: string;
  readonly retained: true | undefined;

  constructor({ record, retained }: QueuedMessage) {
    this.address = record.address;
    this.topic = record.topic;
    this.body = copyOfBytes(record.body);
    this.headers = { ...record.headers };
    this.key = record.key;
    this.replyTo = record.replyTo;
    this.correlationId = record.correlationId;
    this.id = record.id;
    this.timestamp = record.timestamp;
    this.contentType = record.contentType;
    this.retained = retained ? true : undefined;
  }
}
