import type { PublishOutcome, Receipt } from "@busbar/core/contract";
import { ClosedError, ConnectionError, oncePerTurn, promised, Slots } from "@busbar/core/driver";
import type { MqttClient } from "mqtt";
import { classify, outcomeUnknown } from "./classify.ts";
import type { Connection } from "./connection.ts";
import { assertFits } from "./from-record.ts";
import type { Publication } from "./from-record.ts";

/** The most unconfirmed publishes, whatever the server would take: more is slower, and packet identifiers end at 65,535. */
const mostInFlight = 4096;

const nowhere = -1;

/** The reason code of a PUBACK for a message that went to nobody (MQTT 5.0 §3.4.2.1). */
const noMatchingSubscribers = 0x10;

/** A publish that waits to be sent, or to be confirmed. */
interface Pending {
  readonly publication: Publication;
  readonly id: string;
  /** As the user wrote it. */
  readonly topic: string;
  /** Publishes of one lane keep their order: same address, same key. */
  readonly lane: string;
  readonly signal: AbortSignal | undefined;
  readonly outcome: PublishOutcome;
  /** Its place among the unconfirmed, or `nowhere`. */
  place: number;
  /** Rejected while it waited, with an earlier one of its lane. */
  settled: boolean;
  /** The next one that waits. */
  next: Pending | undefined;
}

/** What is to be published, and what to call it. */
export interface PublishOrder {
  readonly publication: Publication;
  readonly id: string;
  readonly topic: string;
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Publishes over whatever connection there is: in the order of the calls, no more unconfirmed than the server takes, the
 * rest waiting here. When the connection is lost every publish is rejected at once, none is sent again.
 */
export class Publisher {
  readonly #server: string;
  /** Whether PUBACK tells that nobody is subscribed. */
  #tellsRouted = false;
  #connection: Connection | undefined;
  #closed = false;
  #window = mostInFlight;
  #maximumPacketSize: number | undefined;
  readonly #unconfirmed = new Slots<Pending>();
  /** How many of those the server counts, which are not those of QoS 0. */
  #inFlight = 0;
  #unwritten: Pending[] = [];
  #firstWaiting: Pending | undefined;
  #lastWaiting: Pending | undefined;
  #clogged = false;
  /** Of the PUBACK that is being handled: mqtt.js does not give it to the callback of a publish that succeeded. */
  #reasonCode = 0;
  #emptied: (() => void) | undefined;
  readonly #confirmWrittenSoon: () => void = oncePerTurn(() => this.#confirmWritten());

  constructor(server: string) {
    this.#server = server;
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /** Publishes over this connection from now on. */
  attach(connection: Connection, tellsRouted: boolean): void {
    const { receiveMaximum, maximumPacketSize } = connection.connack.properties ?? {};
    this.#connection = connection;
    this.#tellsRouted = tellsRouted;
    this.#clogged = false;
    this.#window = Math.min(receiveMaximum ?? mostInFlight, mostInFlight);
    this.#maximumPacketSize = maximumPacketSize;
    // At QoS 2 it is PUBREC that tells, and PUBCOMP that confirms.
    const toNobody = new Set<number>();
    connection.client.on("packetreceive", (packet) => {
      this.#reasonCode = 0;
      if (packet.cmd === "puback") this.#reasonCode = packet.reasonCode ?? 0;
      else if (packet.cmd === "pubrec") {
        if (packet.reasonCode === noMatchingSubscribers) toNobody.add(packet.messageId ?? 0);
      } else if (packet.cmd === "pubcomp" && toNobody.delete(packet.messageId ?? 0))
        this.#reasonCode = noMatchingSubscribers;
    });
  }

  /** Rejects everything that is not confirmed: what was sent as `outcome unknown`, the rest as not connected. */
  detach(cause?: Error): void {
    this.#connection = undefined;
    const sent = this.#unconfirmed.takeAll();
    for (const pending of sent) pending.place = nowhere;
    this.#inFlight = 0;
    this.#unwritten = [];
    for (const pending of sent) pending.outcome.refused(outcomeUnknown(this.#server, pending.topic, cause));
    for (let pending = this.#takeWaiting(); pending !== undefined; pending = this.#takeWaiting()) {
      if (!pending.settled) pending.outcome.refused(this.#absent(pending.topic));
    }
    this.#tellEmptied();
  }

  /** `post` as a promise, which an aborted signal rejects. */
  publish(order: PublishOrder): Promise<Receipt> {
    return promised((outcome) => this.post(order, outcome), order.signal);
  }

  /** Confirmed once the server confirmed it (QoS 1 and 2) or the socket took it (QoS 0). Throws where nothing can be sent. */
  post({ publication, id, topic, key, signal }: PublishOrder, outcome: PublishOutcome): void {
    if (this.#closed)
      throw new ClosedError(`Publishing to "${topic}" failed: the broker is closed.`, { broker: "mqtt", topic });
    if (this.#connection === undefined) throw this.#absent(topic);
    assertFits(publication, this.#maximumPacketSize);
    const lane = key === undefined ? publication.topic : `${publication.topic} ${key}`;
    const pending: Pending = {
      publication,
      id,
      topic,
      lane,
      signal,
      outcome,
      place: nowhere,
      settled: false,
      next: undefined,
    };
    if (this.#firstWaiting === undefined && this.#hasRoom()) this.#send(pending, this.#connection.client);
    else this.#wait(pending);
  }

  /** Takes nothing more and resolves to true once nothing is unconfirmed, to false when the time is up. */
  close(withinMs: number): Promise<boolean> {
    this.#closed = true;
    if (this.#unconfirmed.size === 0 && this.#firstWaiting === undefined) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), withinMs);
      this.#emptied = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  #hasRoom(): boolean {
    return !this.#clogged && this.#inFlight < this.#window;
  }

  #send(pending: Pending, client: MqttClient): void {
    const { topic, payload, options } = pending.publication;
    pending.place = this.#unconfirmed.add(pending);
    if (options.qos === 0) {
      client.publish(topic, payload, options);
      this.#unwritten.push(pending);
      this.#confirmWrittenSoon();
      // mqtt.js would listen for the drain once for every message.
      if (client.stream.writableNeedDrain) this.#waitForDrain(client);
      return;
    }
    this.#inFlight++;
    client.publish(topic, payload, options, (error) => this.#confirm(pending, client, error));
  }

  #waitForDrain(client: MqttClient): void {
    if (this.#clogged) return;
    this.#clogged = true;
    client.stream.once("drain", () => {
      if (this.#connection?.client !== client) return;
      this.#clogged = false;
      this.#confirmWritten();
    });
  }

  #confirmWritten(): void {
    if (this.#clogged) return;
    const written = this.#unwritten;
    this.#unwritten = [];
    for (const pending of written) if (this.#takeUnconfirmed(pending)) pending.outcome.confirmed({ id: pending.id });
    // Old by now, the list would keep what it points to alive until a whole collection.
    written.length = 0;
    this.#sendWaiting();
  }

  #confirm(pending: Pending, client: MqttClient, error: Error | null | undefined): void {
    if (this.#connection?.client !== client) return;
    const failure = error ?? undefined;
    // Not the server's answer: mqtt.js gives up on the connection, and will tell in a moment that it is gone.
    if (failure !== undefined && typeof (failure as { code?: unknown }).code !== "number") return;
    this.#inFlight--;
    // Otherwise rejected already, with an earlier one of its lane.
    if (this.#takeUnconfirmed(pending)) {
      if (failure === undefined) pending.outcome.confirmed(this.#receipt(pending.id));
      else this.#refuse(pending, failure);
    }
    this.#sendWaiting();
  }

  /** Tells whether it was unconfirmed until now. */
  #takeUnconfirmed(pending: Pending): boolean {
    if (pending.place === nowhere) return false;
    this.#unconfirmed.remove(pending.place);
    pending.place = nowhere;
    return true;
  }

  #receipt(id: string): Receipt {
    return this.#tellsRouted ? { id, routed: this.#reasonCode !== noMatchingSubscribers } : { id };
  }

  #refuse(pending: Pending, failure: Error): void {
    const error = classify(failure, { operation: "publish", server: this.#server, topic: pending.topic });
    if (error.retryable) this.#rejectLaterOnes(pending.lane);
    pending.outcome.refused(error);
  }

  /** Core sends all of a lane again in order, so what was sent behind the failed one must not count as done. */
  #rejectLaterOnes(lane: string): void {
    // What was sent before it was confirmed before it: a server acknowledges in order (MQTT 5.0 §4.6).
    for (const pending of this.#unconfirmed.inOrder()) {
      if (pending.lane !== lane) continue;
      this.#takeUnconfirmed(pending);
      pending.outcome.refused(outcomeUnknown(this.#server, pending.topic));
    }
    for (let pending = this.#firstWaiting; pending !== undefined; pending = pending.next) {
      if (pending.lane !== lane || pending.settled) continue;
      pending.settled = true;
      pending.outcome.refused(this.#absent(pending.topic));
    }
  }

  #wait(pending: Pending): void {
    if (this.#lastWaiting === undefined) this.#firstWaiting = pending;
    else this.#lastWaiting.next = pending;
    this.#lastWaiting = pending;
  }

  #takeWaiting(): Pending | undefined {
    const pending = this.#firstWaiting;
    this.#firstWaiting = pending?.next;
    if (this.#firstWaiting === undefined) this.#lastWaiting = undefined;
    return pending;
  }

  #sendWaiting(): void {
    while (this.#connection !== undefined && this.#hasRoom()) {
      const pending = this.#takeWaiting();
      if (pending === undefined) break;
      if (!pending.settled && pending.signal?.aborted !== true) this.#send(pending, this.#connection.client);
    }
    this.#tellEmptied();
  }

  #tellEmptied(): void {
    if (this.#unconfirmed.size === 0 && this.#firstWaiting === undefined) this.#emptied?.();
  }

  #absent(topic: string): ConnectionError {
    const text = `Publishing to "${topic}" at ${this.#server} failed: there is no connection for now; the message was not sent.`;
    return new ConnectionError(text, { broker: "mqtt", topic });
  }
}
