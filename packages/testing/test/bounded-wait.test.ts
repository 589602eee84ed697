import { AssertionError } from "node:assert";
import { describe, expect, it } from "vitest";
import { eventually, stays, within } from "../src/bounded-wait.ts";

describe("eventually", () => {
  it("resolves as soon as the condition holds", async () => {
    let looks = 0;
    await eventually("it looks three times", () => ++looks === 3, 1_000);
    expect(looks).toBe(3);
  });

  it("fails in the words of the promise, with what was seen instead", async () => {
    const waiting = eventually(
      "all arrive",
      () => false,
      20,
      () => "2 of 3",
    );
    await expect(waiting).rejects.toThrow(
      new AssertionError({ message: "all arrive: not within 20 ms; seen: 2 of 3" }),
    );
  });
});

describe("stays", () => {
  it("fails as soon as the condition does not hold", async () => {
    let looks = 0;
    await expect(stays("it is quiet", () => ++looks < 3, 10_000)).rejects.toThrow("it is quiet: it was not so");
    expect(looks).toBe(3);
  });

  it("looks at the end too, however short the time", async () => {
    const seen = [true, false];
    await expect(stays("it is quiet", () => seen.shift() ?? false, 0)).rejects.toThrow(AssertionError);
  });
});

describe("within", () => {
  it("settles as the work does", async () => {
    await expect(within("it ends", Promise.resolve(7), 1_000)).resolves.toBe(7);
    await expect(within("it ends", Promise.reject(new TypeError("as it is")), 1_000)).rejects.toThrow(TypeError);
  });

  it("fails when the work is late", async () => {
    await expect(within("it ends", new Promise(() => undefined), 20)).rejects.toThrow(
      "it ends: not settled within 20 ms",
    );
  });
});
