import mqtt from "mqtt";
import type { IClientOptions, MqttClient } from "mqtt";
import { oncePerTurn } from "./once-per-turn.ts";

/**
 * Resolves to a client with a connection. Never reconnects: a measurement whose connection breaks is none.
 *
 * @param prepare Is given the client before it connects, for a session may have messages.
 */
export async function connectMqtt(
  url: string,
  options: IClientOptions,
  prepare: (client: MqttClient) => void = () => undefined,
): Promise<MqttClient> {
  const client = mqtt.connect(url, {
    protocolVersion: 5,
    reconnectPeriod: 0,
    resubscribe: false,
    manualConnect: true,
    messageIdProvider: new mqtt.UniqueMessageIdProvider(),
    ...options,
  });
  prepare(client);
  const connected = new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
  });
  client.connect();
  await connected;
  // The client leaves Nagle's algorithm on.
  (client.stream as { setNoDelay?: (on: boolean) => void }).setNoDelay?.(true);
  return client;
}

/**
 * Hands the socket one buffer for all that is written in a turn of the event loop: mqtt.js writes every part of every packet by itself, and even
 * corked that is a vector of thousands.
 */
export function gatherWrites(client: MqttClient): void {
  const { stream } = client;
  const write = stream.write.bind(stream) as (chunk: Buffer) => boolean;
  let chunks: Buffer[] = [];
  const writeSoon = oncePerTurn(() => {
    const all = Buffer.concat(chunks);
    chunks = [];
    write(all);
  });
  stream.write = (chunk: Buffer | string) => {
    chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    writeSoon();
    return !stream.writableNeedDrain;
  };
}

/** A topic of the bus as MQTT writes it. */
export function mqttTopic(topic: string): string {
  return topic.replaceAll(".", "/");
}

/** The one property in which what MQTT has no place for travels. */
export function metadataOf(id: string, key: string | undefined): string {
  return JSON.stringify(key === undefined ? [id, Date.now()] : [id, Date.now(), key]);
}
