import type { Delivery, SubscribeRequest, Subscriber } from "@busbar/core/contract";
import { HandOut, reservedToken } from "@busbar/core/driver";
import type { ConsumeMessage } from "amqplib";
import { recordOf } from "./to-record.ts";

/** What a request says of where its answer goes, and what is consumed for it, on the same channel (RabbitMQ, "Direct Reply-to"). */
export const directReplyTo = "amq.rabbitmq.reply-to";

/** What the broker makes of that on the way, and the names that it gives to queues: reached through the default exchange, and by no binding. */
const namedByBroker = [`${directReplyTo}.`, "amq.gen-"];

/** True for a reply address that is the name of a queue of the broker's making, as other clients give it. */
export function isQueueOfBroker(address: string): boolean {
  return address.startsWith("amq.") && namedByBroker.some((beginning) => address.startsWith(beginning));
}

/** True for a subscription to the answers of one process. */
export function isForReplies({ filter, group, durable, delivery }: SubscribeRequest): boolean {
  return filter.startsWith(`${reservedToken}.reply.`) && group === undefined && !durable && delivery === "at-most-once";
}

/** Answers that come without a queue, on the channel that the requests go out on: the broker keeps none, and what is on its way when that channel is lost is lost too. */
export class DirectReplies {
  readonly #handOuts = new Map<string, HandOut>();

  /** True for an address whose answers come here. */
  has(address: string | undefined): boolean {
    return address !== undefined && this.#handOuts.has(address);
  }

  /** To be called with each answer. Who asked is told apart by the correlation id. */
  arrived(message: ConsumeMessage): void {
    for (const [address, handOut] of this.#handOuts)
      handOut.offer({ record: { ...recordOf(message), address }, redelivered: false, settle: () => undefined });
  }

  /** Hands answers to the sink from now on. */
  subscribe({ filter, maxInFlight }: SubscribeRequest, sink: (delivery: Delivery) => void): Subscriber {
    const handOut = new HandOut({ credit: maxInFlight, sink });
    this.#handOuts.set(filter, handOut);
    const end = (): Promise<void> => {
      handOut.stop();
      if (this.#handOuts.get(filter) === handOut) this.#handOuts.delete(filter);
      return Promise.resolve();
    };
    return {
      stop: () => Promise.resolve(handOut.stop()),
      flush: () => Promise.resolve(),
      close: end,
      remove: end,
      pause: () => handOut.pause(),
      resume: () => handOut.resume(),
    };
  }
}
