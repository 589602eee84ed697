import { EventEmitter } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Link } from "../src/dial.ts";
import { PublishChannel } from "../src/publish-channel.ts";
import { record } from "./fixtures.ts";

type Confirm = (error: Error | null) => void;

/** A channel that remembers what was published on it, and confirms when it is told to. */
class FakeChannel extends EventEmitter {
  readonly confirms: Confirm[] = [];
  readonly keys: string[] = [];

  publish(_exchange: string, key: string, _body: Buffer, _properties: object, confirm: Confirm): boolean {
    this.confirms.push(confirm);
    this.keys.push(key);
    return true;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** What the client emits for a message that fits no queue. */
  return(messageId: string, routingKey: string): void {
    this.emit("return", { properties: { messageId }, fields: { exchange: "e", routingKey } });
  }
}

interface Opened {
  readonly channel: FakeChannel;
  readonly publishing: PublishChannel;
  /** Every channel for confirmed publishes so far. */
  readonly channels: readonly FakeChannel[];
  /** Makes the time pass that a channel lives at least. */
  readonly age: () => Promise<void>;
}

async function opened(): Promise<Opened> {
  vi.useFakeTimers();
  const channels: FakeChannel[] = [];
  const model = {
    createConfirmChannel: () => {
      const fresh = new FakeChannel();
      channels.push(fresh);
      return Promise.resolve(fresh);
    },
    createChannel: () => Promise.resolve(new FakeChannel()),
  };
  const lost = new Promise(() => undefined);
  const link = { model, lost, batch: { gather: () => Promise.resolve() } } as unknown as Link;
  const publishing = await PublishChannel.open(link);
  const age = async (): Promise<void> => void (await vi.advanceTimersByTimeAsync(1000));
  return { channel: channels[0] as FakeChannel, channels, publishing, age };
}

afterEach(() => void vi.useRealTimers());

const outcomeOf = (promise: Promise<object>): Promise<object> => promise.catch((error: unknown) => error as object);

describe("publishes that are not confirmed yet", () => {
  it("tells those apart that have the same id", async () => {
    const { channel, publishing } = await opened();
    const send = (key: string): Promise<object> => publishing.confirmed("e", key, record(key, "", { id: "same" }), {});
    const receipts = [send("a"), send("b"), send("a")];
    channel.return("same", "a");
    channel.confirms[2]?.(null);
    channel.confirms[1]?.(null);
    channel.confirms[0]?.(null);
    expect(await Promise.all(receipts)).toMatchObject([{ routed: false }, { routed: true }, { routed: true }]);
    await publishing.idle();
  });

  it("rejects, with one that was refused, those behind it on its address and key, before the broker takes them", async () => {
    const { channel, publishing } = await opened();
    const send = (address: string, key?: string): Promise<object> =>
      outcomeOf(publishing.confirmed("e", address, record(address, "", key === undefined ? {} : { key }), {}));
    const outcomes = [send("a", "k"), send("a", "k"), send("a", "k"), send("a", "other"), send("b", "k"), send("a")];
    channel.confirms[0]?.(null);
    channel.confirms[1]?.(new Error("message nacked"));
    for (const index of [2, 3, 4, 5]) channel.confirms[index]?.(null);
    expect(await Promise.all(outcomes)).toMatchObject([
      { routed: true },
      { code: "BUSBAR_CAPACITY", retryable: true },
      { code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true },
      { routed: true },
      { routed: true },
      { routed: true },
    ]);
    await publishing.idle();
  });

  it("rejects all of them, retryable, when the channel goes", async () => {
    const { channel, publishing } = await opened();
    const outcomes = ["a", "b"].map((address) => outcomeOf(publishing.confirmed("e", address, record(address), {})));
    channel.emit("close");
    expect(await Promise.all(outcomes)).toMatchObject([
      { code: "BUSBAR_OUTCOME_UNKNOWN" },
      { code: "BUSBAR_OUTCOME_UNKNOWN" },
    ]);
    expect((await publishing.end).error).toMatchObject({ retryable: true });
    await publishing.idle();
  });
});

describe("a channel that nacks", () => {
  const nack = new Error("message nacked");
  const sending = async () => {
    const all = await opened();
    const send = (address: string): Promise<object> =>
      outcomeOf(all.publishing.confirmed("e", address, record(address), {}));
    return { ...all, send };
  };

  it("is replaced once it has answered everything, and what was published meanwhile goes out on the next, in order", async () => {
    const { channel, channels, publishing, age, send } = await sending();
    const outcomes = [send("a"), send("b")];
    channel.confirms[0]?.(nack);
    expect(await outcomes[0]).toMatchObject({ code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true });
    await age();
    outcomes.push(send("c"), send("d"));
    await age();
    expect([channel.confirms.length, channels.length]).toEqual([2, 1]);
    channel.confirms[1]?.(null);
    await age();
    expect(channels.length).toBe(2);
    expect(channels[1]?.keys).toEqual(["c", "d"]);
    for (const confirm of channels[1]?.confirms ?? []) confirm(null);
    expect(await Promise.all(outcomes.slice(1))).toMatchObject([{ routed: true }, { routed: true }, { routed: true }]);
    await publishing.idle();
  });

  it("rejects, with one that it nacks while it is about to be replaced, those held behind it", async () => {
    const { channel, channels, age, send } = await sending();
    const outcomes = [send("a"), send("b")];
    channel.confirms[0]?.(nack);
    await age();
    outcomes.push(send("b"), send("c"));
    channel.confirms[1]?.(nack);
    await age();
    expect(channels[1]?.keys).toEqual(["c"]);
    channels[1]?.confirms[0]?.(null);
    const unknown = { code: "BUSBAR_OUTCOME_UNKNOWN", retryable: true };
    expect(await Promise.all(outcomes)).toMatchObject([unknown, unknown, unknown, { routed: true }]);
  });

  it("tells who waits, at least once or at most, what their turn fails by", async () => {
    const { channel, publishing, age, send } = await sending();
    const outcomes = [send("a"), send("b")];
    channel.confirms[0]?.(nack);
    await age();
    outcomes.push(send("c"), outcomeOf(publishing.written("e", "d", record("d"), {})));
    vi.spyOn(FakeChannel.prototype, "publish").mockImplementation(() => {
      throw new TypeError("not to be encoded");
    });
    channel.confirms[1]?.(null);
    await age();
    const cause = { name: "TypeError", message: "not to be encoded" };
    expect(await Promise.all(outcomes.slice(2))).toMatchObject([
      { broker: "amqp", topic: "c", cause },
      { broker: "amqp", topic: "d", cause },
    ]);
  });

  it("is given up, with what it does not answer and what is held behind, after 5 s", async () => {
    const { channel, publishing, age, send } = await sending();
    const outcomes = [send("a"), send("b")];
    channel.confirms[0]?.(nack);
    await age();
    outcomes.push(send("b"));
    await vi.advanceTimersByTimeAsync(5000);
    expect(await Promise.all(outcomes)).toMatchObject([
      { code: "BUSBAR_OUTCOME_UNKNOWN" },
      { code: "BUSBAR_OUTCOME_UNKNOWN" },
      { code: "BUSBAR_CONNECTION", retryable: true },
    ]);
    expect((await publishing.end).error).toMatchObject({ retryable: true });
  });
});
