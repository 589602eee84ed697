import type { Outcome } from "@busbar/core/contract";
import type { BusError } from "@busbar/core/driver";
import { ConnectionError, oncePerTurn } from "@busbar/core/driver";
import type { Channel, ConsumeMessage } from "amqplib";
import { Acknowledgements } from "./acknowledgements.ts";
import type { AmqpArrival } from "./amqp-arrival.ts";
import { closeChannel, endOf } from "./channel-life.ts";
import { classify } from "./classify.ts";
import type { Link } from "./dial.ts";

/** The largest prefetch that the protocol has room for (AMQP 0-9-1, `basic.qos`). */
const maxPrefetch = 65_535;

/**
 * One life of the channel of one subscription: its consumer, its prefetch, its delivery tags. A channel of its own, because prefetch,
 * tags and the mistakes that close a channel all belong to the channel.
 */
export class ConsumerChannel {
  readonly #link: Link;
  readonly #channel: Channel;
  readonly #acknowledgements: Acknowledgements<AmqpArrival>;
  readonly #prefetch: number;
  readonly #scheduleFlush: () => void;
  #cancelled: (reason: unknown) => void = () => undefined;
  #open = true;

  /** Resolves with the reason when the channel, or the consumer on it, is gone. */
  readonly end: Promise<BusError>;

  static async open(link: Link, credit: number, name: string): Promise<ConsumerChannel> {
    const channel = await link.model.createChannel();
    const consumer = new ConsumerChannel(link, channel, Math.min(credit, maxPrefetch), name);
    await channel.prefetch(consumer.#prefetch);
    return consumer;
  }

  private constructor(link: Link, channel: Channel, prefetch: number, name: string) {
    this.#link = link;
    this.#channel = channel;
    this.#prefetch = prefetch;
    this.#acknowledgements = new Acknowledgements({
      ack: (deliveryTag, allUpTo) => channel.ack(messageOf(deliveryTag), allUpTo),
      nack: (deliveryTag, requeue) => channel.nack(messageOf(deliveryTag), false, requeue),
    });
    this.#scheduleFlush = oncePerTurn(() => this.#flush());
    const ended = endOf(channel);
    const cancelled = new Promise<unknown>((resolve) => (this.#cancelled = resolve));
    this.end = Promise.race([ended, cancelled]).then((reason) => {
      this.#open = false;
      void closeChannel(channel);
      return classify(reason ?? new Error("Channel closed"), { what: `The subscription "${name}" was interrupted` });
    });
  }

  /** The channel itself, to declare queues on. */
  get channel(): Channel {
    return this.#channel;
  }

  /** What was acknowledged and could not be written. */
  get unwritten(): readonly AmqpArrival[] {
    return this.#acknowledgements.pending;
  }

  /** Starts the consumer. Messages may come before this resolves. */
  async consume(
    queue: string,
    consumerTag: string,
    onMessage: (message: ConsumeMessage) => void,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    await this.#channel.consume(
      queue,
      (message) => {
        // An exception must not cross the client, which would close the channel for it.
        try {
          if (message === null) return this.#cancelled(cancelledByBroker(queue));
          this.#acknowledgements.delivered(message.fields.deliveryTag);
          onMessage(message);
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      },
      { noAck: false, consumerTag, arguments: more },
    );
  }

  /** Settles a message. Returns false when it could not be written; the broker will deliver it again then. */
  settle(arrival: AmqpArrival, outcome: Outcome): boolean {
    if (!this.#open) return false;
    try {
      if (outcome === "ack") {
        this.#acknowledgements.ack(arrival);
        this.#scheduleFlush();
      } else {
        this.#acknowledgements.nack(arrival.tag, outcome === "release");
        void this.#link.batch.gather();
      }
      return true;
    } catch {
      // The client throws on a channel that is closing; its end is on the way.
      return false;
    }
  }

  /** Resolves once the broker has taken every settlement so far. Rejects when the channel is gone. */
  async flush(): Promise<void> {
    this.#acknowledgements.flush();
    // The broker works off a channel in order: its answer to this says that it has seen all that was written before.
    await this.#channel.prefetch(this.#prefetch);
  }

  /** Closes the channel: the broker takes back what is unsettled, in the order in which it sent it. Never rejects. */
  async close(): Promise<void> {
    this.#open = false;
    await closeChannel(this.#channel);
  }

  #flush(): void {
    if (!this.#open) return;
    try {
      // One is a system call anyway, and need not wait for others.
      if (this.#acknowledgements.flush() > 1) void this.#link.batch.gather();
    } catch {
      // As in settle: what was not written is still pending, and told of at the end of the channel.
    }
  }
}

/** The client reads nothing but the tag. */
function messageOf(deliveryTag: number): ConsumeMessage {
  return { fields: { deliveryTag } } as ConsumeMessage;
}

function cancelledByBroker(queue: string): BusError {
  return new ConnectionError(
    `RabbitMQ ended the consumer of the queue "${queue}": the queue was deleted, or moved to another node.`,
    {
      broker: "amqp",
    },
  );
}
