import type { OutboundRecord, PublishOutcome, Receipt } from "@busbar/core/contract";
import { atMost, BusError, ConnectionError, promised } from "@busbar/core/driver";
import type { Channel, ConfirmChannel, ConsumeMessage, Message, Options } from "amqplib";
import { closeChannel, endOf } from "./channel-life.ts";
import { classify, isToBlame, maxBodyBytesIn } from "./classify.ts";
import { ConfirmedPublishes } from "./confirmed-publishes.ts";
import type { Link } from "./dial.ts";
import { directReplyTo } from "./direct-replies.ts";
import { bodyOf } from "./from-record.ts";
import { Ways } from "./ways.ts";
import { Nacks } from "./nacks.ts";
import { isBehind, UnconfirmedPublish, UnconfirmedPublishes } from "./unconfirmed-publishes.ts";
import type { PublishedMessage } from "./unconfirmed-publishes.ts";

/** How long what is in flight may stay unanswered while the channels are replaced, in milliseconds; then they are given up with it. */
const answerMs = 5000;
/** For how long a channel that was replaced still takes answers to requests, in milliseconds. */
const replyMs = 60_000;

/** The two channels, and when they were opened. */
interface Pair {
  readonly confirming: ConfirmChannel;
  /** What goes out on it. */
  readonly publishes: ConfirmedPublishes;
  readonly plain: Channel;
  /** Resolves with the reason when one of them is gone. */
  readonly end: Promise<unknown>;
  readonly openedAt: number;
  /** Its end is meant. */
  retired: boolean;
}

/**
 * One life of the channels that publish: one in confirm mode for at-least-once (RabbitMQ, "Publisher Confirms"), one without for
 * at-most-once. Frames go out in the order of the calls; nothing is ever sent twice. Channels that nack are replaced now and then, since they may do so
 * for ever (see `Nacks`): what is in flight on them is answered first, and what is published meanwhile goes out after it, in order.
 */
export class PublishChannel {
  readonly #link: Link;
  readonly #onReply: ((message: ConsumeMessage) => void) | undefined;
  readonly #nacks: Nacks;
  readonly #unconfirmed = new UnconfirmedPublishes();
  readonly #end: (reason: unknown) => void;
  #pair: Pair;
  /** The ways by which messages were confirmed into queues on these channels. */
  #met = new Ways();
  /** The ways whose last answer was a nack. */
  readonly #nacked = new Ways();
  #sequence = 0;
  #lost: BusError | undefined;
  #drained: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  #renewing: NodeJS.Timeout | undefined;
  /** What waits for the fresh channels while there are none. */
  #held: { readonly publish?: UnconfirmedPublish; readonly send: () => void }[] | undefined;
  #onSent: (() => void)[] = [];

  /** Resolves with the reason when the channels are gone; everything unconfirmed was rejected then. */
  readonly end: Promise<{ readonly error: BusError; readonly reason: unknown }>;

  /** Opens both channels; with `onReply` the one for confirmed publishes takes direct replies too. */
  static async open(
    link: Link,
    onReply?: (message: ConsumeMessage) => void,
    nacks: Nacks = new Nacks(false),
  ): Promise<PublishChannel> {
    return new PublishChannel(link, onReply, nacks, await openPair(link, onReply));
  }

  private constructor(link: Link, onReply: ((message: ConsumeMessage) => void) | undefined, nacks: Nacks, pair: Pair) {
    this.#link = link;
    this.#onReply = onReply;
    this.#nacks = nacks;
    let end = (_reason: unknown): void => undefined;
    const ended = new Promise<unknown>((resolve) => (end = resolve));
    this.#end = end;
    this.#pair = pair;
    this.#watch(pair);
    this.end = ended.then((reason) => {
      const error = this.#lose(reason);
      // One of them may still be open; publishing goes on with a fresh pair.
      void closeChannel(this.#pair.confirming);
      void closeChannel(this.#pair.plain);
      return { error, reason };
    });
  }

  /** `post` as a promise. */
  confirmed(
    exchange: string,
    routingKey: string,
    record: PublishedMessage,
    properties: Options.Publish,
  ): Promise<Receipt> {
    return promised((outcome) => this.post(exchange, routingKey, record, properties, outcome));
  }

  /** Tells of the broker's confirm, that the broker refused, or, retryable, `BUSBAR_OUTCOME_UNKNOWN`, that the channel was lost before. */
  post(
    exchange: string,
    routingKey: string,
    record: PublishedMessage,
    properties: Options.Publish,
    outcome: PublishOutcome,
  ): void {
    const publish = new UnconfirmedPublish(exchange, routingKey, record, outcome, ++this.#sequence);
    if (this.#held === undefined) this.#send(publish, properties);
    else this.#held.push({ publish, send: () => this.#send(publish, properties) });
  }

  #send(publish: UnconfirmedPublish, properties: Options.Publish): void {
    if (publish.settled) return;
    if (this.#lost !== undefined) return publish.refuse(this.#lost);
    const { exchange, routingKey, record } = publish;
    try {
      this.#pair.publishes.publish(exchange, routingKey, record, properties, (error: unknown) =>
        this.#onConfirm(publish, error),
      );
    } catch (error) {
      return publish.refuse(this.#refusal(error, record));
    }
    this.#unconfirmed.add(publish);
  }

  /** Resolves once the message is with the socket; while the broker does not read, that is when it reads again. */
  async written(
    exchange: string,
    routingKey: string,
    record: OutboundRecord,
    properties: Options.Publish,
  ): Promise<Receipt> {
    const flowing =
      this.#held === undefined
        ? this.#write(exchange, routingKey, record, properties)
        : await new Promise<boolean>((resolve) => {
            const write = (): boolean => this.#write(exchange, routingKey, record, properties);
            // The inner promise is rejected with what writing throws.
            this.#held?.push({ send: () => resolve(new Promise((written) => written(write()))) });
          });
    await this.#link.batch.gather();
    if (!flowing) await this.#drain();
    if (this.#lost !== undefined) throw this.#lost;
    return { id: record.id };
  }

  /** Resolves once nothing is unconfirmed. */
  async idle(): Promise<void> {
    if (this.#held !== undefined) await new Promise<void>((resolve) => this.#onSent.push(resolve));
    await this.#unconfirmed.idle();
  }

  #write(exchange: string, routingKey: string, record: OutboundRecord, properties: Options.Publish): boolean {
    if (this.#lost !== undefined) throw this.#lost;
    try {
      return this.#pair.plain.publish(exchange, routingKey, bodyOf(record), properties);
    } catch (error) {
      throw this.#refusal(error, record);
    }
  }

  #refusal(error: unknown, { topic }: PublishedMessage): BusError {
    return classify(error, { what: `Publishing to "${topic}" failed`, topic });
  }

  #onConfirm(publish: UnconfirmedPublish, error: unknown): void {
    // Confirms that end with the channel come here too; what happened then is known at its end, which settles them all.
    if (error !== null && error !== undefined && (error as Error).message !== "message nacked") return;
    this.#unconfirmed.remove(publish);
    if (error === null || error === undefined) {
      if (!publish.returned) {
        this.#met.add(publish);
        if (this.#nacked.remove(publish)) this.#nacks.mended();
      }
      if (publish.settled) return;
      publish.settled = true;
      return publish.outcome.confirmed({ id: publish.record.id, routed: !publish.returned });
    }
    const reason = this.#nacks.reasonOf(this.#met.has(publish));
    this.#nacked.add(publish);
    this.#renewInTime();
    if (publish.settled) return;
    const { topic } = publish.record;
    const what = `Publishing to "${topic}" failed`;
    publish.refuse(reason === "full" ? classify(error, { what, topic }) : leaderless(what, topic, error));
    // A request is not sent again, so nothing has to wait for its turn behind it.
    if (publish.record.delivery === "at-most-once") return;
    // Sent again, this one would come after them: they have to be sent again behind it.
    for (const later of this.#behind(publish)) {
      later.refuse(
        new ConnectionError(
          `Publishing to "${topic}": the message before this one was refused, so this one has to be sent again behind it.`,
          { broker: "amqp", topic, code: "BUSBAR_OUTCOME_UNKNOWN" },
        ),
      );
    }
  }

  #behind(publish: UnconfirmedPublish): UnconfirmedPublish[] {
    const held = (this.#held ?? []).flatMap(({ publish: later }) => (later === undefined ? [] : [later]));
    return [
      ...this.#unconfirmed.behind(publish),
      ...held.filter((later) => !later.settled && isBehind(later, publish)),
    ];
  }

  #watch(pair: Pair): void {
    const { confirming, plain } = pair;
    confirming.on("return", ({ fields, properties }: Message) =>
      this.#unconfirmed.markReturned(String(properties.messageId), fields.exchange, fields.routingKey),
    );
    plain.on("drain", () => this.#onDrain());
    void pair.end.then((reason) => {
      if (!pair.retired) this.#end(reason);
    });
  }

  #renewInTime(): void {
    if (this.#renewing !== undefined || this.#held !== undefined || this.#lost !== undefined) return;
    const wait = this.#pair.openedAt + this.#nacks.leastLifeMs - performance.now();
    this.#renewing = setTimeout(
      () => {
        this.#renewing = undefined;
        this.#renew().catch((error: unknown) => this.#end(error));
      },
      Math.max(wait, 0),
    );
  }

  /** Holds what is published from now on, lets the channels have their answers, and goes on with fresh ones. */
  async #renew(): Promise<void> {
    this.#held = [];
    const answered = await atMost(answerMs, this.#unconfirmed.idle());
    if (this.#lost !== undefined) return;
    if (!answered) throw new Error("Channel closed");
    const former = this.#pair;
    former.retired = true;
    await this.#close(former);
    const fresh = await Promise.race([this.#link.lost, openPair(this.#link, this.#onReply)]);
    if (BusError.is(fresh)) throw fresh;
    this.#pair = fresh;
    this.#watch(fresh);
    this.#met = new Ways();
    this.#nacks.renewed();
    this.#onDrain();
    this.#sendHeld();
  }

  async #close({ confirming, plain }: Pair): Promise<void> {
    if (this.#onReply === undefined) return void (await Promise.all([confirming, plain].map(closeChannel)));
    // Answers come to the channel that was asked on.
    setTimeout(() => void closeChannel(confirming), replyMs).unref();
    await closeChannel(plain);
  }

  #sendHeld(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const { send } of held) send();
    const onSent = this.#onSent;
    this.#onSent = [];
    for (const resolve of onSent) resolve();
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
      const guilty = limit === undefined ? isToBlame(reason, exchange, routingKey) : record.body.byteLength > limit;
      // Whoever is not to blame only shared the channel, and is to be sent again.
      const cause = guilty ? reason : new Error("channel closed", { cause: reason });
      publish.refuse(
        classify(cause, { what: `Publishing to "${record.topic}" failed`, topic: record.topic, sent: true }),
      );
    }
    clearTimeout(this.#renewing);
    this.#sendHeld();
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

async function openPair(link: Link, onReply: ((message: ConsumeMessage) => void) | undefined): Promise<Pair> {
  const confirming = await link.model.createConfirmChannel();
  const confirmingEnd = endOf(confirming);
  if (onReply !== undefined) {
    await confirming.consume(directReplyTo, (message) => message !== null && onReply(message), { noAck: true });
  }
  const plain = await link.model.createChannel();
  const end = Promise.race([confirmingEnd, endOf(plain)]);
  const publishes = new ConfirmedPublishes(confirming, link.batch);
  return { confirming, publishes, plain, end, openedAt: performance.now(), retired: false };
}

function leaderless(what: string, topic: string, cause: unknown): BusError {
  return new ConnectionError(`${what}: RabbitMQ did not take it; a queue has no leader at the moment, or is full.`, {
    broker: "amqp",
    topic,
    code: "BUSBAR_OUTCOME_UNKNOWN",
    cause,
  });
}
