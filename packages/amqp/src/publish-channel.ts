import type { OutboundRecord, Receipt } from "@busbar/core/contract";
import type { BusError } from "@busbar/core/driver";
import { ConnectionError } from "@busbar/core/driver";
import type { Channel, ConfirmChannel, ConsumeMessage, Message, Options } from "amqplib";
import { closeChannel, endOf } from "./channel-life.ts";
import { classify, isToBlame, maxBodyBytesIn } from "./classify.ts";
import type { Link } from "./dial.ts";
import { directReplyTo } from "./direct-replies.ts";
import { bodyOf } from "./from-record.ts";
import { UnconfirmedPublishes } from "./unconfirmed-publishes.ts";
import type { PublishedMessage, UnconfirmedPublish } from "./unconfirmed-publishes.ts";

/**
 * One life of the channels that publish: one in confirm mode for at-least-once (RabbitMQ, "Publisher Confirms"), one without for
 * at-most-once. Frames go out in the order of the calls; nothing is ever sent twice.
 */
export class PublishChannel {
  readonly #link: Link;
  readonly #confirming: ConfirmChannel;
  readonly #plain: Channel;
  readonly #unconfirmed = new UnconfirmedPublishes();
  #sequence = 0;
  #lost: BusError | undefined;
  #drained: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  /** Resolves with the reason when the channels are gone; everything unconfirmed was rejected then. */
  readonly end: Promise<{ readonly error: BusError; readonly reason: unknown }>;

  /** Opens both channels; with `onReply` the one for confirmed publishes takes direct replies too. */
  static async open(link: Link, onReply?: (message: ConsumeMessage) => void): Promise<PublishChannel> {
    const confirming = await link.model.createConfirmChannel();
    const confirmingEnd = endOf(confirming);
    if (onReply !== undefined) {
      await confirming.consume(directReplyTo, (message) => message !== null && onReply(message), { noAck: true });
    }
    const plain = await link.model.createChannel();
    return new PublishChannel(link, confirming, plain, Promise.race([confirmingEnd, endOf(plain)]));
  }

  private constructor(link: Link, confirming: ConfirmChannel, plain: Channel, end: Promise<unknown>) {
    this.#link = link;
    this.#confirming = confirming;
    this.#plain = plain;
    confirming.on("return", ({ fields, properties }: Message) =>
      this.#unconfirmed.markReturned(String(properties.messageId), fields.exchange, fields.routingKey),
    );
    plain.on("drain", () => this.#onDrain());
    this.end = end.then((reason) => {
      const error = this.#lose(reason);
      // One of them may still be open; publishing goes on with a fresh pair.
      void closeChannel(confirming);
      void closeChannel(plain);
      return { error, reason };
    });
  }

  /** Resolves with the broker's confirm. Rejects when the broker refuses, and retryable, `BUSBAR_OUTCOME_UNKNOWN`, when the channel is lost before. */
  confirmed(
    exchange: string,
    routingKey: string,
    record: PublishedMessage,
    properties: Options.Publish,
  ): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      const publish: UnconfirmedPublish = {
        record,
        exchange,
        routingKey,
        resolve,
        reject,
        sequence: ++this.#sequence,
        returned: false,
        settled: false,
        next: undefined,
      };
      try {
        this.#confirming.publish(exchange, routingKey, bodyOf(record), properties, (error: unknown) =>
          this.#onConfirm(publish, error),
        );
      } catch (error) {
        return reject(this.#refusal(error, record));
      }
      this.#unconfirmed.add(publish);
      void this.#link.batch.gather();
    });
  }

  /** Resolves once the message is with the socket; while the broker does not read, that is when it reads again. */
  async written(
    exchange: string,
    routingKey: string,
    record: OutboundRecord,
    properties: Options.Publish,
  ): Promise<Receipt> {
    let flowing: boolean;
    try {
      flowing = this.#plain.publish(exchange, routingKey, bodyOf(record), properties);
    } catch (error) {
      throw this.#refusal(error, record);
    }
    await this.#link.batch.gather();
    if (!flowing) await this.#drain();
    if (this.#lost !== undefined) throw this.#lost;
    return { id: record.id };
  }

  /** Resolves once nothing is unconfirmed. */
  idle(): Promise<void> {
    return this.#unconfirmed.idle();
  }

  #refusal(error: unknown, { topic }: PublishedMessage): BusError {
    return classify(error, { what: `Publishing to "${topic}" failed`, topic });
  }

  #onConfirm(publish: UnconfirmedPublish, error: unknown): void {
    // Confirms that end with the channel come here too; what happened then is known at its end, which settles them all.
    if (error !== null && error !== undefined && (error as Error).message !== "message nacked") return;
    this.#unconfirmed.remove(publish);
    if (publish.settled) return;
    publish.settled = true;
    if (error === null || error === undefined)
      return publish.resolve({ id: publish.record.id, routed: !publish.returned });
    const { topic } = publish.record;
    publish.reject(classify(error, { what: `Publishing to "${topic}" failed`, topic }));
    // A request is not sent again, so nothing has to wait for its turn behind it.
    if (publish.record.delivery === "at-most-once") return;
    // Sent again, this one would come after them: they have to be sent again behind it.
    for (const later of this.#unconfirmed.behind(publish)) {
      later.settled = true;
      later.reject(
        new ConnectionError(
          `Publishing to "${topic}": the message before this one was refused, so this one has to be sent again behind it.`,
          { broker: "amqp", topic, code: "BUSBAR_OUTCOME_UNKNOWN" },
        ),
      );
    }
  }

  #lose(reason: unknown): BusError {
    const error = classify(reason ?? new Error("Channel closed"), { what: "Publishing was interrupted" });
    this.#lost = new ConnectionError("Publishing was interrupted; the message may be lost.", {
      broker: "amqp",
      cause: reason,
    });
    const limit = maxBodyBytesIn(reason);
    for (const publish of this.#unconfirmed.drain()) {
      const { record, exchange, routingKey } = publish;
      publish.settled = true;
      const guilty = limit === undefined ? isToBlame(reason, exchange, routingKey) : record.body.byteLength > limit;
      // Whoever is not to blame only shared the channel, and is to be sent again.
      const cause = guilty ? reason : new Error("channel closed", { cause: reason });
      publish.reject(
        classify(cause, { what: `Publishing to "${record.topic}" failed`, topic: record.topic, sent: true }),
      );
    }
    this.#onDrain();
    return error;
  }

  #drain(): Promise<void> {
    if (this.#drained === undefined) {
      let resolve = (): void => undefined;
      const promise = new Promise<void>((done) => (resolve = done));
      this.#drained = { promise, resolve };
    }
    return this.#drained.promise;
  }

  #onDrain(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }
}
