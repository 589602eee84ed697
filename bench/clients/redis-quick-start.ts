import type { Client, Confirmed, Handle, OpenClient, Reader, Setting } from "./client.ts";
import { limited } from "./limited.ts";
import { addTo, bodyOf, connectRedis, makeGroup, streamOf } from "./redis-connect.ts";
import type { Entries, Redis } from "./redis-connect.ts";
import type { Payload } from "../payload.ts";

const blockMs = 500;

/** The Redis client as examples show it: XADD awaited, one entry a read, one XACK for each. */
class RedisQuickStart implements Client {
  readonly window = 1;
  readonly #setting: Setting;
  readonly #control: Redis;
  readonly #topics = new Set<string>();
  readonly #stops: (() => Promise<void>)[] = [];

  constructor(setting: Setting, control: Redis) {
    this.#setting = setting;
    this.#control = control;
  }

  publish(topic: string, payload: Payload, key: string | undefined, confirmed: Confirmed): void {
    this.#control.sendCommand(addTo(topic, JSON.stringify(payload), key)).then(() => confirmed(), confirmed);
  }

  async subscribe(topic: string, handle: Handle): Promise<Reader> {
    const { url, name, concurrency } = this.#setting;
    this.#topics.add(topic);
    await makeGroup(this.#control, topic, name);
    const reading = await connectRedis(url);
    const run = limited(concurrency, handle);
    let stopped = false;
    const read = async (): Promise<void> => {
      const words = ["XREADGROUP", "GROUP", name, "bench", "COUNT", "1", "BLOCK", String(blockMs)];
      while (!stopped) {
        const found = await reading.sendCommand<Entries | null>([...words, "STREAMS", streamOf(topic), ">"]);
        for (const [id, fields] of found?.[0]?.[1] ?? []) {
          await new Promise<void>((resolve) => {
            run(JSON.parse(bodyOf(fields)) as Payload, undefined, () => resolve());
          });
          await reading.sendCommand(["XACK", streamOf(topic), name, id]);
        }
      }
    };
    const ended = read();
    const stop = async (): Promise<void> => {
      if (stopped) return;
      stopped = true;
      await ended;
      await reading.close();
    };
    this.#stops.push(stop);
    return { stop };
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) await stop();
    for (const topic of this.#topics) await this.#control.sendCommand(["DEL", streamOf(topic)]);
    await this.#control.close();
  }
}

export const openRedisQuickStart: OpenClient = async (setting) =>
  new RedisQuickStart(setting, await connectRedis(setting.url));
