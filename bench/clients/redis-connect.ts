import { createClient } from "@redis/client";
import type { RedisClientOptions } from "@redis/client";
import { contentType, newId } from "./same-wire.ts";

/** The client, by what is used of it. */
export interface Redis {
  sendCommand<Reply>(words: readonly (string | Buffer)[]): Promise<Reply>;
  close(): Promise<void>;
  destroy(): void;
}

/** What a read brings: for each stream its entries, each an id and names and values in turn. */
export type Entries = readonly (readonly [
  stream: string,
  entries: readonly (readonly [string, readonly string[]])[],
])[];

/** @param options Beyond what everybody has. */
export async function connectRedis(url: string, options: RedisClientOptions = {}): Promise<Redis> {
  const client = createClient({
    url,
    RESP: 2,
    socket: { reconnectStrategy: false },
    disableClientInfo: true,
    ...options,
  });
  client.on("error", (error: Error) => {
    throw error;
  });
  await client.connect();
  return client;
}

/** The stream of a topic. */
export function streamOf(topic: string): string {
  return `busbar:${topic}`;
}

/** The command that everybody publishes with. */
export function addTo(topic: string, body: string | Buffer, key: string | undefined): readonly (string | Buffer)[] {
  const words = ["XADD", streamOf(topic), "MAXLEN", "~", "1000000", "*", "id", newId(), "content-type", contentType];
  words.push("timestamp", String(Date.now()));
  if (key !== undefined) words.push("key", key);
  return [...words, "body", body];
}

/** The body of an entry. */
export function bodyOf(fields: readonly string[]): string {
  return fields[fields.indexOf("body") + 1] ?? "";
}

/** Makes the consumer group of a stream, and the stream. */
export async function makeGroup(redis: Redis, topic: string, group: string): Promise<void> {
  try {
    await redis.sendCommand(["XGROUP", "CREATE", streamOf(topic), group, "$", "MKSTREAM"]);
  } catch (error) {
    if (!String(error).includes("BUSYGROUP")) throw error;
  }
}
