import type { SubscribeRequest } from "@busbar/core/contract";
import { covers, parseCheckedFilter, UnsupportedError } from "@busbar/core/driver";
import { onOwnChannel } from "./channel-life.ts";
import { classify } from "./classify.ts";
import type { Link } from "./dial.ts";
import type { StreamOptions } from "./native-options.ts";
import type { AmqpSettings } from "./options.ts";
import { bindingKeyOf } from "./topic.ts";

/** Makes sure that the streams are there and bound, as far as `topology` wants it. */
export async function ensureStreams(link: Link, { streams, topology, exchange }: AmqpSettings): Promise<void> {
  if (topology === "assume") return;
  for (const { queue, filter, maxAgeMs, maxBytes } of streams) {
    await onOwnChannel(link, async (channel) => {
      if (topology === "check") {
        await channel.checkQueue(queue);
        return;
      }
      await channel.assertQueue(queue, {
        durable: true,
        arguments: {
          "x-queue-type": "stream",
          "x-max-age": `${Math.ceil(maxAgeMs / 1000)}s`,
          ...(maxBytes === undefined ? {} : { "x-max-length-bytes": maxBytes }),
        },
      });
      await channel.bindQueue(queue, exchange, bindingKeyOf(filter));
    }).catch((error: unknown) => {
      throw classify(error, { what: `The stream "${queue}" cannot be used` });
    });
  }
}

/** The stream that a subscription from the earliest message reads; `undefined` for one that reads a queue. Throws an `UnsupportedError` where there is none for it. */
export function streamOf(request: SubscribeRequest, { streams }: AmqpSettings): StreamOptions | undefined {
  const { filter, startFrom, group, durable } = request;
  if (startFrom !== "earliest") return undefined;
  const wanted = parseCheckedFilter(filter);
  const stream = streams.find((candidate) => covers(parseCheckedFilter(candidate.filter), wanted));
  if (stream !== undefined && group === undefined && !durable) return stream;
  const detail =
    streams.length === 0
      ? 'a queue holds only what was published after it was made; leave startFrom at "new", or set native.streams.'
      : stream === undefined
        ? `no stream of native.streams takes every topic of "${filter}"; leave startFrom at "new", or add one.`
        : "a stream keeps no place for a group, nor for who is away; leave group and durable out.";
  throw new UnsupportedError([{ capability: "startFromEarliest", subject: `subscribe("${filter}")`, detail }], {
    broker: "amqp",
    topic: filter,
  });
}
