import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import type { Link } from "../src/dial.ts";
import { PublishChannel } from "../src/publish-channel.ts";
import { record } from "./fixtures.ts";

type Confirm = (error: Error | null) => void;

/** A channel that remembers what was published on it, and confirms when it is told to. */
class FakeChannel extends EventEmitter {
  readonly confirms: Confirm[] = [];

  publish(_exchange: string, _key: string, _body: Buffer, _properties: object, confirm: Confirm): boolean {
    this.confirms.push(confirm);
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

async function opened(): Promise<{ readonly channel: FakeChannel; readonly publishing: PublishChannel }> {
  const channel = new FakeChannel();
  const model = {
    createConfirmChannel: () => Promise.resolve(channel),
    createChannel: () => Promise.resolve(new FakeChannel()),
  };
  const link = { model, batch: { gather: () => Promise.resolve() } } as unknown as Link;
  return { channel, publishing: await PublishChannel.open(link) };
}

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
    channel.confirms[1]?.(new Error("message nacked"));
    for (const index of [0, 2, 3, 4, 5]) channel.confirms[index]?.(null);
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
