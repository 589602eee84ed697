import { ConnectionError, InvalidArgumentError } from "@busbar/core/driver";
import type { Channel, Options } from "amqplib";
import { onOwnChannel } from "./channel-life.ts";
import { classify } from "./classify.ts";
import type { Connection } from "./connection.ts";
import { delayHeader } from "./headers.ts";
import type { AmqpSettings } from "./options.ts";
import { noDeliveryLimit } from "./topology.ts";

const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000];

/**
 * For how long messages are held: a queue for each, since in one queue a message that is due waits behind one that is not (RabbitMQ, "Time-to-Live":
 * only the head of a queue expires). A delay is rounded up to the next of them.
 */
const steps: readonly (readonly [name: string, ms: number])[] = [
  ...[1, 2, 5, 10, 30].map((count) => [`${count}s`, count * second] as const),
  ...[1, 2, 5, 10, 30].map((count) => [`${count}min`, count * minute] as const),
  ...[1, 2, 6, 12].map((count) => [`${count}h`, count * hour] as const),
  ...[1, 2, 7].map((count) => [`${count}d`, count * day] as const),
];

/** How long a holding queue that nobody declared again outlives the last message that it can hold, in milliseconds. */
const restMs = day;
/** After how long it is declared again before it is used, in milliseconds: publishing into a queue does not keep it from expiring. */
const renewMs = 600_000;

/**
 * A queue that takes a copy of whatever comes out of a holding queue and keeps none. Without it a message that fits no queue any more would stay where
 * it was held: RabbitMQ tries such a one again and again, and 32 of them would hold up everybody else's.
 */
const sinkQueue = "_busbar.delay-sink";

/** Where a message goes once its time is over: to the exchange, as if it were published then, or straight back to the queue that it came from. */
export type Onward = "exchange" | "queue";

/** How a message is to be published so that it is held. */
export interface Hold {
  readonly exchange: string;
  readonly headers: Readonly<Record<string, string>>;
  /** More routing keys, for the way out. */
  readonly BCC?: string[];
  /** The queue that holds it, for errors. */
  readonly queue: string;
  /** Makes the queue anew the next time, since it was not there. */
  forget(): void;
}

/** The longest delay, in milliseconds. */
export const maxDelayMs: number = 7 * day;

/** The step that holds a message for at least so long. `undefined` where there is none. */
export function stepFor(delayMs: number): readonly [name: string, ms: number] | undefined {
  return steps.find(([, ms]) => delayMs <= ms);
}

/**
 * The queues that hold messages back, shared by everybody on the virtual host. What comes in goes through a headers exchange, which leaves the routing key
 * alone; what comes out goes at least once (RabbitMQ, "At-Least-Once Dead Lettering"): to the exchange by way of a fanout exchange, or through
 * the default exchange to the one queue that the routing key names, so that no other group gets it a second time.
 */
export class HoldingQueues {
  readonly #settings: AmqpSettings;
  readonly #connection: Connection;
  readonly #ready = new Map<string, { readonly since: number; readonly made: Promise<void> }>();

  constructor(settings: AmqpSettings, connection: Connection) {
    this.#settings = settings;
    this.#connection = connection;
  }

  /** Resolves once the holding queue is there, as far as `topology` wants it. Rejects with an `InvalidArgumentError` when the delay is too long. */
  async hold(onward: Onward, delayMs: number, what: string): Promise<Hold> {
    const step = stepFor(delayMs);
    if (step === undefined) {
      throw new InvalidArgumentError(
        `${what}: ${delayMs} ms are longer than RabbitMQ is made to hold a message, which is ${maxDelayMs} ms.`,
        { broker: "amqp" },
      );
    }
    const [name, ms] = step;
    const exchange = this.#entry(onward);
    const queue = `${exchange}.${name}`;
    let ready = this.#ready.get(queue);
    if (ready === undefined || Date.now() - ready.since > renewMs) {
      ready = { since: Date.now(), made: this.#make(onward, queue, ms, what) };
      this.#ready.set(queue, ready);
    }
    const forget = (): void => {
      if (this.#ready.get(queue) === ready) this.#ready.delete(queue);
    };
    try {
      await ready.made;
    } catch (error) {
      forget();
      throw error;
    }
    const headers = { [delayHeader]: String(ms) };
    return { exchange, headers, queue, forget, ...(onward === "queue" ? { BCC: [sinkQueue] } : {}) };
  }

  #entry(onward: Onward): string {
    return onward === "exchange" ? `_busbar.delay.${this.#settings.exchange}` : "_busbar.return";
  }

  async #make(onward: Onward, queue: string, ms: number, what: string): Promise<void> {
    const { topology, exchange } = this.#settings;
    if (topology === "assume") return;
    const { link } = this.#connection;
    if (link === undefined)
      throw new ConnectionError(`${what}: there is no connection to RabbitMQ at the moment.`, { broker: "amqp" });
    await onOwnChannel(link, async (channel) => {
      if (topology === "check") {
        await channel.checkQueue(sinkQueue);
        await channel.checkExchange(this.#entry(onward));
        await channel.checkQueue(queue);
        return;
      }
      await channel.assertQueue(sinkQueue, sinkOptions);
      const exit = onward === "exchange" ? await wayOut(channel, exchange) : "";
      const entry = this.#entry(onward);
      await channel.assertExchange(entry, "headers", { durable: true });
      await channel.assertQueue(queue, holdingOptions(ms, exit));
      await channel.bindQueue(queue, entry, "", { "x-match": "all", [delayHeader]: String(ms) });
    }).catch((error: unknown) => {
      throw classify(error, { what });
    });
  }
}

const sinkOptions: Options.AssertQueue = {
  durable: true,
  maxLength: 0,
  arguments: { "x-queue-type": "classic" },
};

function holdingOptions(ms: number, exit: string): Options.AssertQueue {
  return {
    durable: true,
    messageTtl: ms,
    expires: ms + restMs,
    deadLetterExchange: exit,
    overflow: "reject-publish",
    arguments: {
      "x-queue-type": "quorum",
      "x-dead-letter-strategy": "at-least-once",
      "x-delivery-limit": noDeliveryLimit,
    },
  };
}

async function wayOut(channel: Channel, exchange: string): Promise<string> {
  const exit = `_busbar.delayed.${exchange}`;
  await channel.assertExchange(exit, "fanout", { durable: true });
  await channel.bindExchange(exchange, exit, "");
  await channel.bindQueue(sinkQueue, exit, "");
  return exit;
}
