import { abortable } from "@busbar/core/driver";
import type { IPublishPacket } from "mqtt";
import { classify } from "./classify.ts";
import { openAny } from "./connection.ts";
import type { Connection } from "./connection.ts";
import { InboundFlow } from "./inbound-flow.ts";
import type { MqttSettings } from "./options.ts";

/** What to read, and how to know that it was all. */
export interface RetainedQuery {
  readonly filters: readonly string[];
  /**
   * True where the server sends what it keeps before what it is sent afterwards: then a message of our own marks the end. False
   * ends the reading after `quietMs` without a message.
   */
  readonly inOrder: boolean;
  readonly quietMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The most messages to have read ahead of whoever iterates. */
const readAhead = 256;

/**
 * Yields the messages that a server keeps under some filters, over a connection of its own, and ends. MQTT has no way to ask
 * for them but to subscribe (MQTT 5.0 §3.8.4), and none to say that these were all.
 */
export async function* readRetained(
  settings: MqttSettings,
  query: RetainedQuery,
): AsyncGenerator<IPublishPacket, void, void> {
  const { signal } = query;
  const reading = new Reading(query);
  const connection = await openAny(settings, {
    clientId: `${settings.clientName}-read-${crypto.randomUUID().slice(0, 13)}`,
    cleanStart: true,
    signal,
    prepare: (client) => reading.attach(new InboundFlow(client, (packet) => reading.take(packet))),
  });
  try {
    connection.onClosed((error) => reading.fail(error));
    await abortable(reading.begin(connection), signal);
    for (;;) {
      const packet = await abortable(reading.next(), signal);
      if (packet === undefined) return;
      yield packet;
    }
  } finally {
    reading.end();
    await connection.close();
  }
}

/** The messages that arrived and were not taken yet, at most a few hundred: then the reading of the socket waits. */
class Reading {
  readonly #query: RetainedQuery;
  readonly #sentinel: string;
  #packets: IPublishPacket[] = [];
  #taken = 0;
  #flow: InboundFlow | undefined;
  #held = false;
  #wake: (() => void) | undefined;
  #lastArrival = 0;
  #ended = false;
  #failure: Error | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(query: RetainedQuery) {
    this.#query = query;
    this.#sentinel = `_busbar/end/${crypto.randomUUID()}`;
  }

  attach(flow: InboundFlow): void {
    this.#flow = flow;
  }

  async begin(connection: Connection): Promise<void> {
    const { client, server } = connection;
    const { filters, inOrder, quietMs } = this.#query;
    try {
      await client.subscribeAsync([...filters, ...(inOrder ? [this.#sentinel] : [])], { qos: 1 });
    } catch (error) {
      const codes = (error as { packet?: { granted?: number[] } }).packet?.granted;
      const code = codes?.find((granted) => granted >= 0x80);
      throw classify(code === undefined ? error : { code }, { operation: "subscribe", server, topic: filters[0] });
    }
    if (inOrder) client.publish(this.#sentinel, "", { qos: 1 });
    this.#lastArrival = performance.now();
    this.#timer = setInterval(
      () => {
        // Whoever iterates may be slow: only silence counts while the socket is read.
        if (!this.#held && performance.now() - this.#lastArrival >= quietMs) this.end();
      },
      Math.max(10, quietMs / 10),
    );
  }

  take(packet: IPublishPacket): void {
    this.#lastArrival = performance.now();
    if (packet.messageId !== undefined)
      this.#flow?.acknowledge({ messageId: packet.messageId, qos: 1, unwritten: () => {} });
    if (packet.topic === this.#sentinel) this.end();
    // What is not kept was published just now, by somebody else.
    else if (packet.retain) this.#packets.push(packet);
    if (this.#packets.length - this.#taken > readAhead) this.#hold(true);
    this.#wake?.();
  }

  #hold(held: boolean): void {
    this.#held = held;
    this.#flow?.hold(held);
  }

  async next(): Promise<IPublishPacket | undefined> {
    for (;;) {
      const packet = this.#packets[this.#taken];
      if (packet !== undefined) {
        this.#taken++;
        return packet;
      }
      this.#packets = [];
      this.#taken = 0;
      if (this.#failure !== undefined && !this.#ended) throw this.#failure;
      if (this.#ended) return undefined;
      const arrival = new Promise<void>((resolve) => (this.#wake = resolve));
      this.#lastArrival = performance.now();
      this.#hold(false);
      await arrival;
    }
  }

  end(): void {
    this.#ended = true;
    clearInterval(this.#timer);
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#failure = error;
    clearInterval(this.#timer);
    this.#wake?.();
  }
}
