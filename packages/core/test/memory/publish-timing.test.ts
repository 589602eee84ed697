import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OutboundRecord } from "../../src/contract/index.ts";
import { nextTurn } from "../../src/driver/next-turn.ts";
import { CapacityError, InvalidArgumentError } from "../../src/errors.ts";
import type { QueuedMessage } from "../../src/memory/queued-message.ts";
import { memoryLimits, MemoryServer } from "../../src/memory/memory-server.ts";
import { record } from "../../../../integration/support/records.ts";

const day = 86_400_000;

function publish(server: MemoryServer, text: string, how: Partial<OutboundRecord> = {}, topic = "a") {
  return server.publish(record(topic, text, how));
}

/** What a member of the queue is handed at once. */
async function taken(server: MemoryServer, name: string, startFrom: "new" | "earliest" = "new", filter = "**") {
  const messages: QueuedMessage[] = [];
  const queue = server.queue(name, filter, true, startFrom);
  const member = { take: (message: QueuedMessage) => messages.push(message) > 0 };
  queue.join(member);
  // What waits is handed out in the next turn.
  await new Promise<void>((resolve) => nextTurn(resolve));
  queue.leave(member);
  return messages;
}

const texts = (messages: readonly QueuedMessage[]): string[] =>
  messages.map(({ record: { body } }) => Buffer.from(body).toString());

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a message that is held back", () => {
  it("comes at its time and not before, also when that is further away than a timer reaches", async () => {
    const server = new MemoryServer();
    server.queue("q", "a", true, "new");
    expect(publish(server, "far", { delayMs: 60 * day })).not.toHaveProperty("routed");
    await vi.advanceTimersByTimeAsync(60 * day - 1);
    expect(server.waiting("q")).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(server.waiting("q")).toBe(1);
  });

  it("is one message, however often it is sent, before its time and after", async () => {
    const server = new MemoryServer();
    server.queue("q", "a", true, "new");
    const how = { delayMs: 1_000, publishToken: "one" };
    publish(server, "x", how);
    publish(server, "x", { ...how, sending: 2 });
    await vi.advanceTimersByTimeAsync(1_000);
    publish(server, "x", { ...how, sending: 3 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(server.waiting("q")).toBe(1);
  });

  it("is delivered to a queue that is full by then, since it was confirmed", async () => {
    const server = new MemoryServer({ ...memoryLimits, maxQueuedMessages: 1 });
    server.queue("q", "a", true, "new");
    publish(server, "later", { delayMs: 10 });
    expect(() => publish(server, "another", { delayMs: 10 })).toThrow(CapacityError);
    publish(server, "now");
    await vi.advanceTimersByTimeAsync(10);
    expect(server.waiting("q")).toBe(2);
  });

  it("lives from its publish on, and is refused where it would be due only after that", async () => {
    const server = new MemoryServer();
    server.queue("q", "a", true, "new");
    expect(() => publish(server, "x", { delayMs: 10, expiresInMs: 10 })).toThrow(InvalidArgumentError);
    publish(server, "x", { delayMs: 10, expiresInMs: 15 });
    await vi.advanceTimersByTimeAsync(14);
    expect(server.waiting("q")).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(server.waiting("q")).toBe(0);
  });
});

describe("a message that has expired", () => {
  it("takes no room, is not handed out, and is not there for who starts from the earliest", async () => {
    const server = new MemoryServer({ ...memoryLimits, maxQueuedMessages: 2 });
    server.queue("q", "a", true, "new");
    publish(server, "0", { expiresInMs: 10 });
    publish(server, "1");
    expect(() => publish(server, "2")).toThrow(CapacityError);
    await vi.advanceTimersByTimeAsync(10);
    publish(server, "3");
    expect(texts(await taken(server, "q"))).toEqual(["1", "3"]);
    expect(texts(await taken(server, "late", "earliest"))).toEqual(["1", "3"]);
  });
});

describe("a last value", () => {
  it("comes to who is new and says so, and once to who starts from the earliest", async () => {
    const server = new MemoryServer({ ...memoryLimits, maxLogMessages: 2 });
    publish(server, "b", { retain: true }, "b");
    publish(server, "a1", { retain: true });
    publish(server, "a2", { retain: true });
    const late = await taken(server, "late");
    expect(late.map(({ retained }) => retained)).toEqual([true, true]);
    expect(texts(late)).toEqual(["b", "a2"]);
    expect(texts(await taken(server, "late"))).toEqual([]);
    // The log has room for two, which are those of "a".
    const earliest = await taken(server, "earliest", "earliest");
    expect(texts(earliest)).toEqual(["b", "a1", "a2"]);
    expect(earliest.map(({ retained }) => retained)).toEqual([true, false, false]);
    expect(texts(await taken(server, "other", "new", "b"))).toEqual(["b"]);
  });

  it("is kept of so many topics and no more, until one expires", async () => {
    const server = new MemoryServer({ ...memoryLimits, maxKeptValues: 1 });
    publish(server, "a", { retain: true, expiresInMs: 10 });
    publish(server, "a again", { retain: true, expiresInMs: 10 });
    expect(() => publish(server, "b", { retain: true }, "b")).toThrow(CapacityError);
    await vi.advanceTimersByTimeAsync(10);
    publish(server, "b", { retain: true }, "b");
    expect(texts(await taken(server, "late"))).toEqual(["b"]);
  });
});

describe("a priority", () => {
  it("goes before lower ones, none is the lowest, and what is given back stands where it was", async () => {
    const server = new MemoryServer();
    const queue = server.queue("q", "a", true, "new");
    for (const [text, priority] of [["none"], ["1", 1], ["255", 255], ["1 too", 1], ["0", 0]] as [string, number?][])
      publish(server, text, priority === undefined ? {} : { priority });
    const order = ["255", "1", "1 too", "none", "0"];
    const messages = await taken(server, "q");
    expect(texts(messages)).toEqual(order);
    queue.giveBack([...messages].reverse());
    expect(texts(await taken(server, "q"))).toEqual(order);
  });
});
