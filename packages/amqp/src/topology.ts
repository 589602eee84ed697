import type { SubscribeRequest } from "@busbar/core/contract";
import { BusError, parseCheckedFilter, RefusedError } from "@busbar/core/driver";
import type { Channel, Options } from "amqplib";
import { onOwnChannel } from "./channel-life.ts";
import { classify } from "./classify.ts";
import type { Link } from "./dial.ts";
import type { AdoptedQueueOptions } from "./native-options.ts";
import type { AmqpSettings } from "./options.ts";
import { bindingKeyOf } from "./topic.ts";

/** The least that a queue of its own outlives its subscriber: the time to declare, bind and consume. In milliseconds. */
const leastExpiryMs = 1000;

/**
 * As good as no limit. Core counts attempts and writes the dead letters; the broker's own limit, 20 since RabbitMQ 4, counts deliveries and
 * would drop messages that were never handled. Not -1, which RabbitMQ 4 takes for no limit: 3.10 takes it too, and
 * then drops every message that is given back.
 */
export const noDeliveryLimit = 2_147_483_647;

/** Makes sure that the exchange is there, as far as `topology` wants it; publishing to a missing one would close the channel under every other publish. */
export async function ensureExchange(link: Link, { exchange, exchangeType, topology }: AmqpSettings): Promise<void> {
  if (topology === "assume") return;
  const what = `The exchange "${exchange}" cannot be used`;
  try {
    await onOwnChannel(link, (channel) => channel.checkExchange(exchange));
    if (exchangeType !== undefined) await assertType(link, exchange, exchangeType);
  } catch (error) {
    const found = classify(error, { what });
    if (found.code !== "BUSBAR_NOT_FOUND" || topology === "check") throw found;
    await onOwnChannel(link, (channel) =>
      channel.assertExchange(exchange, exchangeType ?? "topic", { durable: true }),
    ).catch((refusal: unknown) => {
      throw classify(refusal, { what });
    });
  }
}

/** Rejects when an exchange that exists is of another type. What else it was made with, or whether this user may make any, is its owner's affair. */
async function assertType(link: Link, exchange: string, type: string): Promise<void> {
  const refusal = await onOwnChannel(link, (channel) => channel.assertExchange(exchange, type)).then(
    () => "",
    (error: unknown) => (error as Error).message,
  );
  // The type is what RabbitMQ compares first.
  if (!/inequivalent arg 'type'/.test(refusal)) return;
  throw new RefusedError(
    `The exchange "${exchange}" cannot be used: it is not of the type "${type}". Set native.exchangeType to what it is.`,
    { broker: "amqp", cause: refusal },
  );
}

/** The queue of somebody else's that the configuration names for a subscription. */
export function adoptedQueue(
  { filter, group }: SubscribeRequest,
  { queues }: AmqpSettings,
): AdoptedQueueOptions | undefined {
  return queues.find((entry) => parseCheckedFilter(entry.filter).canonical === filter && entry.group === group);
}

/** Makes sure that the queue of a subscription is there and bound, as far as `topology` wants it. One that is adopted has to be there. */
export async function ensureQueue(channel: Channel, request: SubscribeRequest, settings: AmqpSettings): Promise<void> {
  const adopted = adoptedQueue(request, settings);
  if (adopted !== undefined) {
    if (settings.topology !== "assume") await channel.checkQueue(adopted.queue);
    return;
  }
  // Nobody can have prepared a queue for this one call.
  const topology = isTransient(request) ? "create" : settings.topology;
  if (topology === "create") {
    await channel.assertQueue(request.name, queueOptions(request, settings));
    await channel.bindQueue(request.name, settings.exchange, bindingKeyOf(request.filter));
  } else if (topology === "check") {
    await channel.checkQueue(request.name);
  }
}

/** True for a subscription whose queue goes with it. */
export function isTransient(request: SubscribeRequest): boolean {
  return !request.durable && request.group === undefined;
}

/**
 * True for a queue that the broker may delete when nobody has used it for the grace time: one that is transient, and that of a group that
 * is neither durable nor owed a message, such as responders. Else it would be there for ever after the last of them.
 */
function isPassing(request: SubscribeRequest): boolean {
  return isTransient(request) || (!request.durable && request.delivery === "at-most-once");
}

/** True where the broker counts how often it delivered a message. */
export function countsDeliveries(request: SubscribeRequest, settings: AmqpSettings): boolean {
  return settings.queueType === "quorum" && !isPassing(request);
}

/**
 * The arguments of a subscription's queue. Nothing that somebody may want to change later is among them: a queue that exists is refused
 * with other arguments. A transient queue is not exclusive: an exclusive one is gone with its connection, and what is
 * published until the reconnect with it.
 */
export function queueOptions(request: SubscribeRequest, settings: AmqpSettings): Options.AssertQueue {
  const { queueType, maxPriority, maxLength } = settings;
  const priorities = maxPriority === undefined ? {} : { maxPriority };
  if (isPassing(request))
    return { durable: true, expires: Math.max(Math.ceil(request.graceMs), leastExpiryMs), ...priorities };
  // One listener that is slow may not hold up every publisher, so only queues that are owed their messages are bounded.
  const bound = maxLength === undefined ? {} : { maxLength, overflow: "reject-publish" as const };
  if (queueType === "classic") return { durable: true, ...priorities, ...bound };
  return { durable: true, ...bound, arguments: { "x-queue-type": "quorum", "x-delivery-limit": noDeliveryLimit } };
}

/** The number of messages that wait in a queue, or `undefined` when there is no such queue. */
export async function waitingIn(link: Link, queue: string): Promise<number | undefined> {
  try {
    return (await onOwnChannel(link, (channel) => channel.checkQueue(queue))).messageCount;
  } catch (error) {
    const found = classify(error, { what: `The queue "${queue}" cannot be looked at` });
    if (BusError.is(found) && found.code === "BUSBAR_NOT_FOUND") return undefined;
    throw found;
  }
}
