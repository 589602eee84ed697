import type { Outcome } from "@busbar/core/contract";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Acknowledgement, Acknowledgements } from "../src/acknowledgements.ts";
import type { SettlementWay } from "../src/acknowledgements.ts";

/** A way that notes what is written, and where the server was asked whether it has all of that. */
class NotedWay implements SettlementWay {
  readonly connected = true;
  readonly client = { isClosed: (): boolean => false };
  readonly noted: string[] = [];
  readonly commands = {
    publishShort: (messages: readonly { readonly subject: string }[]): void => {
      for (const { subject } of messages) this.noted.push(subject);
    },
    flush: (): Promise<void> => {
      this.noted.push("?");
      return Promise.resolve();
    },
  };
}

function acknowledgement(ackSubject: string, outcome: Outcome = "ack", sequence: number = 1): Acknowledgement {
  return new Acknowledgement({ consumer: { stream: "S" }, ackSubject, sequence }, outcome, undefined, undefined);
}

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

describe("settlements", () => {
  it("are written before the end of the turn where they are many, for the server stops sending behind its max_ack_pending", () => {
    const way = new NotedWay();
    const acknowledgements = new Acknowledgements(way);
    for (let count = 0; count < 127; count++) acknowledgements.add(acknowledgement("a"));
    expect(way.noted).toEqual([]);
    acknowledgements.add(acknowledgement("a"));
    expect(way.noted).toHaveLength(128);
  });

  it("are given back in the order of the stream, however many are given back in one turn", async () => {
    const way = new NotedWay();
    const acknowledgements = new Acknowledgements(way);
    for (let sequence = 300; sequence > 0; sequence--)
      acknowledgements.add(acknowledgement(`${sequence}`, "release", sequence));
    await nextTurn();
    const inOrder = Array.from({ length: 300 }, (_, index) => `${index + 1}`);
    expect(way.noted.filter((subject) => subject !== "?")).toEqual(inOrder);
  });

  it("do not wait any more in the turns after one that gave some back", async () => {
    const way = new NotedWay();
    const acknowledgements = new Acknowledgements(way);
    acknowledgements.add(acknowledgement("given back", "release"));
    await nextTurn();
    for (let count = 0; count < 128; count++) acknowledgements.add(acknowledgement("a"));
    expect(way.noted).toHaveLength(129);
  });
});

describe("whether the server has its acknowledgements", () => {
  it("is asked once for those of several turns, 10 ms after the first", async () => {
    const way = new NotedWay();
    const acknowledgements = new Acknowledgements(way);
    for (const subject of ["a", "b"]) {
      acknowledgements.add(acknowledgement(subject));
      await nextTurn();
    }
    await vi.advanceTimersByTimeAsync(9);
    expect(way.noted).toEqual(["a", "b"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(way.noted).toEqual(["a", "b", "?"]);
    await vi.advanceTimersByTimeAsync(100);
    expect(way.noted).toEqual(["a", "b", "?"]);
  });

  it("is asked at once for 256, and where somebody waits for it", async () => {
    const way = new NotedWay();
    const acknowledgements = new Acknowledgements(way);
    for (let count = 0; count < 256; count++) acknowledgements.add(acknowledgement("a"));
    await nextTurn();
    expect(way.noted.at(-1)).toBe("?");
    acknowledgements.add(acknowledgement("b"));
    await acknowledgements.flush();
    expect(way.noted.slice(256)).toEqual(["?", "b", "?"]);
  });

  it("decides which of them are written again on the next connection", async () => {
    const way = new NotedWay();
    const acknowledgements = new Acknowledgements(way);
    acknowledgements.add(acknowledgement("known"));
    await acknowledgements.flush();
    acknowledgements.add(acknowledgement("not asked about"));
    await nextTurn();
    acknowledgements.hold();
    await vi.advanceTimersByTimeAsync(10);
    acknowledgements.resume();
    expect(way.noted).toEqual(["known", "?", "not asked about", "not asked about"]);
    await vi.advanceTimersByTimeAsync(10);
    expect(way.noted.at(-1)).toBe("?");
    expect(acknowledgements.abandon()).toEqual([]);
  });
});
