import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BUS, PUBLISHER } from "@busbar/core/di";
import { describe, expect, it, vi } from "vitest";
import { kept } from "./store.ts";

const folder = import.meta.dirname;

describe("a sample of the README", async () => {
  const page = await readFile(join(folder, "../../README.md"), "utf8");
  const samples = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => code);
  const files = (await readdir(folder)).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const programs = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));

  it.each(samples.map((sample) => [sample.trimStart().split("\n")[0], sample]))(
    "is part of a program that runs here, the one that begins with %s",
    (_, sample = "") => {
      expect(programs.some((program) => program.includes(sample))).toBe(true);
    },
  );
});

describe("the sample that", () => {
  it("subscribes and publishes hands the reading to its handler", async () => {
    vi.spyOn(console, "warn").mockReturnValue();
    const { bus } = await import("./first.ts");
    expect(await kept((value) => isWith(value, "celsius"))).toEqual({ celsius: 21.5 });
    await bus.close();
  });

  it("charges for orders charges once, and finds what was nonsense among the dead letters", async () => {
    const { bus } = await import("./outcomes.ts");
    await bus.publish("order.placed", []);
    await bus.publish("order.placed", { item: "book" });
    expect(await kept((value) => isWith(value, "charged"))).toEqual({ charged: { item: "book" } });
    await vi.waitUntil(() => bus.health().subscriptions.some(({ deadLettered }) => deadLettered === 1));
    const letters: string[] = [];
    for await (const { topic, reason } of bus.deadLetters("billing").list()) letters.push(`${topic} ${reason}`);
    expect(letters).toEqual(["order.placed rejected"]);
    await bus.close();
  });

  it("has a typed topic gets its parameters back", async () => {
    const { bus } = await import("./typed.ts");
    expect(await kept((value) => isWith(value, "room"))).toEqual({ room: "living room", celsius: 21.5 });
    await bus.close();
  });

  it("injects the publisher publishes what its handler was called with", async () => {
    const { container } = await import("./injected.ts");
    const bus = container.get(BUS);
    const titles: unknown[] = [];
    await bus.subscribe<{ title: string }>("saved", ({ title }) => void titles.push(title));
    await container.get(PUBLISHER).publish("report.daily", { title: "Rain" });
    await vi.waitUntil(() => titles.length === 1);
    expect(titles).toEqual(["Rain"]);
    await bus.close();
  });
});

function isWith(value: unknown, property: string): boolean {
  return typeof value === "object" && value !== null && property in value;
}
