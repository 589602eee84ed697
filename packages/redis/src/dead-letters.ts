import type { AbortOptions, DeadLetterStore, OutboundRecord, StoredDeadLetter } from "@busbar/core/contract";
import { abortable } from "@busbar/core/driver";
import { classify } from "./classify.ts";
import type { Connection } from "./connection.ts";
import { entryOf, fields } from "./from-record.ts";
import type { Reply } from "./reply.ts";
import { entriesOf, recordOf } from "./to-record.ts";
import { topicOf } from "./topic.ts";
import type { Keys } from "./topic.ts";

/** How many dead letters one look brings. */
const pageSize = 64;

/** Adds an entry and takes away the one that its slot had before, in one step. */
const putScript = `
local before = redis.call("HGET", KEYS[2], ARGV[1])
local id = redis.call("XADD", KEYS[1], "*", unpack(ARGV, 2))
redis.call("HSET", KEYS[2], ARGV[1], id)
if before then redis.call("XDEL", KEYS[1], before) end
return id`;

/** Deletes entries, and the slots that are theirs; says how many were there. */
const removeScript = `
local removed = 0
for _, id in ipairs(ARGV) do
  local found = redis.call("XRANGE", KEYS[1], id, id)[1]
  if found then
    for at = 1, #found[2], 2 do
      local slot = found[2][at + 1]
      if found[2][at] == "${fields.slot}" and redis.call("HGET", KEYS[2], slot) == id then
        redis.call("HDEL", KEYS[2], slot)
      end
    end
    removed = removed + redis.call("XDEL", KEYS[1], id)
  end
end
return removed`;

const handleShape = /^\d{1,20}-\d{1,20}$/;

/**
 * The dead letters of each group in a stream of its own, which is never trimmed, with a hash beside it that knows the entry of each slot:
 * putting a slot again replaces the former. A handle is the id of the entry.
 */
export class RedisDeadLetters implements DeadLetterStore {
  readonly #connection: () => Connection;
  readonly #keys: Keys;

  /** @param connection Throws before `open`. */
  constructor(connection: () => Connection, keys: Keys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async put(group: string, slot: string, record: OutboundRecord, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const what = `Putting a dead letter of "${group}" failed`;
    const link = this.#connection().required(what);
    const entry = entryOf(record, slot);
    const put = link.ask("EVAL", putScript, "2", ...this.#names(group), slot, ...entry).catch((error: unknown) => {
      throw classify(error, { what, sent: true });
    });
    await abortable(put, signal);
  }

  async *list(group: string, { signal }: AbortOptions = {}): AsyncGenerator<StoredDeadLetter, void, undefined> {
    signal?.throwIfAborted();
    const [stream] = this.#names(group);
    const address = topicOf(stream.slice(this.#keys.stream("").length));
    // Where it ends is fixed now: what is put while somebody replays would make a list without end.
    const [last] = entriesOf(await this.#ask(group, signal, "XREVRANGE", stream, "+", "-", "COUNT", "1"));
    if (last === undefined) return;
    for (let from = "-"; ;) {
      const page = entriesOf(
        await this.#ask(group, signal, "XRANGE", stream, from, last.id, "COUNT", String(pageSize)),
      );
      for (const entry of page) {
        const { native: _, ...record } = recordOf(address, entry);
        yield { handle: entry.id, record };
        from = `(${entry.id}`;
      }
      if (page.length < pageSize) return;
    }
  }

  async remove(group: string, handles: readonly string[], { signal }: AbortOptions = {}): Promise<number> {
    let removed = 0;
    const ids = handles.filter((handle) => handleShape.test(handle));
    for (let at = 0; at < ids.length; at += pageSize) {
      const some = ids.slice(at, at + pageSize);
      removed += Number(await this.#ask(group, signal, "EVAL", removeScript, "2", ...this.#names(group), ...some));
    }
    return removed;
  }

  #names(group: string): [stream: string, slots: string] {
    return [this.#keys.deadLetters(group), this.#keys.deadLetterSlots(group)];
  }

  async #ask(group: string, signal: AbortSignal | undefined, ...words: string[]): Promise<Reply> {
    signal?.throwIfAborted();
    const what = `Reading the dead letters of "${group}" failed`;
    const asked = this.#connection()
      .required(what)
      .ask(...words);
    const typed = asked.catch((error: unknown) => {
      throw classify(error, { what });
    });
    return abortable(typed, signal);
  }
}
