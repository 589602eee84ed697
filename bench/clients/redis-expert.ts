import { credit, publishWindow } from "./client.ts";
import type { Client, Confirmed, Handle, OpenClient, Reader, Setting } from "./client.ts";
import { limited } from "./limited.ts";
import { oncePerTurn } from "./once-per-turn.ts";
import { addTo, bodyOf, connectRedis, makeGroup, streamOf } from "./redis-connect.ts";
import type { Entries, Redis } from "./redis-connect.ts";
import { encode } from "./same-wire.ts";
import type { Payload } from "../payload.ts";

const blockMs = 500;
/** Else the client arms a signal for each command, which costs as much as the command. */
const withoutTimeouts = { commandOptions: { timeout: 0 } };

/**
 * The Redis client as one writes it who has measured: commands of one turn of the event loop go together by themselves when nobody waits between
 * them, no timeout for each command, a connection of its own for the read that waits, as many messages in one read as there is credit for, one XACK a turn.
 */
class RedisExpert implements Client {
  readonly window = publishWindow;
  readonly #setting: Setting;
  readonly #control: Redis;
  readonly #topics = new Set<string>();
  readonly #readers = new Set<RedisReader>();

  constructor(setting: Setting, control: Redis) {
    this.#setting = setting;
    this.#control = control;
  }

  publish(topic: string, payload: Payload, key: string | undefined, confirmed: Confirmed): void {
    this.#control.sendCommand(addTo(topic, encode(payload), key)).then(() => confirmed(), confirmed);
  }

  async subscribe(topic: string, handle: Handle): Promise<Reader> {
    this.#topics.add(topic);
    await makeGroup(this.#control, topic, this.#setting.name);
    const reader = new RedisReader(
      this.#setting,
      topic,
      handle,
      this.#control,
      await connectRedis(this.#setting.url, withoutTimeouts),
    );
    this.#readers.add(reader);
    return reader;
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) await reader.stop();
    for (const topic of this.#topics) await this.#control.sendCommand(["DEL", streamOf(topic)]);
    await this.#control.close();
  }
}

/** Reads one stream, with a connection of its own. */
class RedisReader implements Reader {
  readonly #setting: Setting;
  readonly #topic: string;
  readonly #control: Redis;
  readonly #connection: Redis;
  readonly #acknowledgeSoon = oncePerTurn(() => this.#acknowledge());
  readonly #run: ReturnType<typeof limited>;
  readonly #ended: Promise<void>;
  #settled: string[] = [];
  #unsettled = 0;
  #stopped = false;
  #room: (() => void) | undefined;

  constructor(setting: Setting, topic: string, handle: Handle, control: Redis, connection: Redis) {
    this.#setting = setting;
    this.#topic = topic;
    this.#control = control;
    this.#connection = connection;
    this.#run = limited(setting.concurrency, handle);
    this.#ended = this.#readAll();
  }

  async stop(): Promise<void> {
    if (this.#stopped) return this.#ended;
    this.#stopped = true;
    this.#room?.();
    await this.#ended;
    this.#acknowledge();
    await this.#connection.close();
  }

  async #readAll(): Promise<void> {
    const { name } = this.#setting;
    while (!this.#stopped) {
      const room = credit - this.#unsettled;
      if (room === 0) {
        await new Promise<void>((resolve) => (this.#room = resolve));
        continue;
      }
      const words = ["XREADGROUP", "GROUP", name, "bench", "COUNT", String(room), "BLOCK", String(blockMs)];
      const found = await this.#connection.sendCommand<Entries | null>([
        ...words,
        "STREAMS",
        streamOf(this.#topic),
        ">",
      ]);
      for (const [, entries] of found ?? []) {
        this.#unsettled += entries.length;
        for (const [id, fields] of entries) this.#run(JSON.parse(bodyOf(fields)) as Payload, id, this.#settle);
      }
    }
  }

  readonly #settle = (id: string): void => {
    this.#settled.push(id);
    this.#unsettled--;
    this.#room?.();
    this.#acknowledgeSoon();
  };

  #acknowledge(): void {
    const ids = this.#settled;
    this.#settled = [];
    if (ids.length === 0) return;
    void this.#control.sendCommand(["XACK", streamOf(this.#topic), this.#setting.name, ...ids]);
  }
}

export const openRedisExpert: OpenClient = async (setting) =>
  new RedisExpert(setting, await connectRedis(setting.url, withoutTimeouts));
