import { atMost } from "@busbar/core/driver";
import type { Channel } from "amqplib";
import type { Link } from "./dial.ts";

/** The longest that a channel's polite end may take, in milliseconds; then whoever waits goes on. */
const closeTimeoutMs = 2000;

/**
 * Resolves when the channel is gone, with the reason where the broker or the client gave one. It listens from this call on, so
 * call it right after the channel was opened: an `error` event that nobody listens to ends the process.
 */
export function endOf(channel: Channel): Promise<unknown> {
  return new Promise((resolve) => {
    let reason: unknown;
    channel.on("error", (error: Error) => (reason ??= error));
    channel.on("close", () => resolve(reason));
  });
}

/**
 * Closes a channel; what was unacknowledged on it goes back to its queues before this resolves. Never rejects and never hangs: the
 * client's own promise stays open for ever when the connection dies meanwhile.
 */
export async function closeChannel(channel: Channel): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    channel.on("close", () => resolve());
    // On a channel that is closed already the client throws, and nothing is left to do.
    channel.close().then(resolve, () => resolve());
  });
  await atMost(closeTimeoutMs, closed);
}

/** Does something on a channel of its own, since the broker answers most mistakes by closing the channel. Rejects as the work does. */
export async function onOwnChannel<T>(link: Link, work: (channel: Channel) => Promise<T>): Promise<T> {
  const channel = await link.model.createChannel();
  void endOf(channel);
  try {
    return await work(channel);
  } finally {
    await closeChannel(channel);
  }
}
