import { AssertionError } from "node:assert";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { eventually } from "../src/bounded-wait.ts";
import { watchingLeftOvers } from "../src/left-over.ts";

describe("what is left over of some work", () => {
  it("is each timer and server that it has not ended, by kind and where it began", async () => {
    await watchingLeftOvers(async (left) => {
      const timer = setTimeout(() => undefined, 60_000);
      const server = createServer().listen(0, "127.0.0.1");
      await eventually("the server listens", () => server.listening, 1_000);
      expect(left()).toEqual([
        expect.stringMatching(/^Timeout begun at .*left-over\.test\.ts/),
        expect.stringMatching(/^TCPSERVERWRAP/),
      ]);
      clearTimeout(timer);
      await new Promise((resolve) => void server.close(resolve));
      await eventually("nothing is left", () => left().length === 0, 1_000, left);
    });
  });

  it("is not what others begin meanwhile, and theirs that end meanwhile hide nothing", async () => {
    const former = setTimeout(() => undefined, 60_000);
    const others: NodeJS.Timeout[] = [];
    const other = pause(5).then(() => others.push(setTimeout(() => undefined, 60_000)));
    await watchingLeftOvers(async (left) => {
      await other;
      expect(left()).toEqual([]);
      const own = setTimeout(() => undefined, 60_000);
      clearTimeout(former);
      await new Promise((resolve) => void setImmediate(resolve));
      expect(left()).toHaveLength(1);
      clearTimeout(own);
    });
    for (const timer of others) clearTimeout(timer);
  });

  it("leaves out what does not keep the process alive", async () => {
    await watchingLeftOvers(async (left) => {
      setTimeout(() => undefined, 1).unref();
      expect(left()).toEqual([]);
    });
  });

  it("fails as the work does", async () => {
    const failure = new AssertionError({ message: "as it is" });
    await expect(watchingLeftOvers(() => Promise.reject(failure))).rejects.toBe(failure);
  });
});
