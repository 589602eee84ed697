import { describe, expect, test, vi } from "vitest";
import type { BusConfig } from "../../src/config/bus-config.ts";
import { connect, createBus } from "../../src/config/connect.ts";
import { ConfigError } from "../../src/errors.ts";
import { folderWith, quietLogger } from "./problems-of.ts";

/** A broker in memory that no other test shares. */
function inMemory(name: string): BusConfig {
  return { brokers: { main: `memory://connect-${name}` }, logger: quietLogger() };
}

describe("connect", () => {
  test("gives a bus that is open, with the codecs and policies of its configuration", async () => {
    const bus = await connect({
      ...inMemory("open"),
      codecs: [
        {
          contentType: "application/x-count",
          encode: (value) => new Uint8Array(value as number),
          decode: ({ length }) => length,
        },
      ],
    });
    const handler = vi.fn<(count: unknown) => void>();
    await bus.subscribe("count.*", handler);
    await bus.publish("count.me", 3, { contentType: "application/x-count" });
    await vi.waitFor(() => expect(handler).toHaveBeenCalledWith(3, expect.anything()));
    await bus.close();
  });

  test("reads the file in BUSBAR_CONFIG", async () => {
    const folder = folderWith({ "a.yaml": "brokers: { here: memory://connect-file }" });
    vi.stubEnv("BUSBAR_CONFIG", `${folder}/a.yaml`);
    const bus = await connect();
    expect(bus.health().brokers.map(({ name }) => name)).toEqual(["here"]);
    await bus.close();
  });

  test("rejects with every problem", async () => {
    const config = { brokers: { main: "nope" }, start: "later", servce: "x" } as unknown as BusConfig;
    const error: unknown = await connect(config).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problems).toHaveLength(3);
  });

  test("rejects with every adapter that is missing, so that one install brings all", async () => {
    const brokers = {
      one: { url: "acme://h", adapter: "@acme/not-here" },
      two: { url: "other://h", adapter: "@other/not-here" },
    };
    const error: unknown = await connect({ brokers, logger: quietLogger() }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problems).toEqual([
      expect.stringContaining("@acme/not-here"),
      expect.stringContaining("@other/not-here"),
    ]);
  });

  test("says where the default is, when there is no configuration", async () => {
    vi.spyOn(process, "cwd").mockReturnValue(folderWith({}));
    vi.stubEnv("BUSBAR_CONFIG", undefined);
    vi.stubEnv("BUSBAR_URL", undefined);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const bus = await connect();
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/^busbar: There is no configuration, so messages stay in this process's memory/)],
    ]);
    await bus.close();
  });
});

describe("createBus", () => {
  test("gives the same bus, not yet open", async () => {
    const bus = createBus(inMemory("lazy"));
    await expect(bus.publish("a", 1, { timeoutMs: 50 })).rejects.toMatchObject({ code: "BUSBAR_CLOSED" });
    await bus.open();
    await bus.publish("a", 1);
    await bus.close();
  });

  test("throws at once", () => {
    expect(() => createBus({ brokers: {} })).toThrow(ConfigError);
  });
});
