import { describe, expect, test, vi } from "vitest";
import { createBus } from "../../src/config/connect.ts";
import type { Broker, Capabilities } from "../../src/contract/index.ts";
import { BusServer, Subscribe } from "../../src/di/index.ts";
import { ConnectionError, InvalidArgumentError, UnsupportedError } from "../../src/errors.ts";
import type { Bus } from "../../src/bus/bus.ts";
import { memory } from "../../src/memory/memory-broker.ts";
import { quietLogger } from "../config/problems-of.ts";

let count = 0;

function driver(): Broker {
  count += 1;
  return memory({ url: `memory://bus-server-${count}` });
}

function busOver(broker: Broker = driver()): Bus {
  return createBus({ brokers: { main: broker }, logger: quietLogger() });
}

/** A driver that can do less than it says, or less than the one in memory. */
function limited(less: {
  readonly declared?: Partial<Capabilities>;
  readonly effective?: Partial<Capabilities>;
}): Broker {
  const broker = driver();
  return {
    name: "limited",
    declared: { ...broker.declared, ...less.declared },
    native: undefined,
    open: async () => {
      const effective = await broker.open();
      return { ...effective, supports: { ...effective.supports, ...less.declared, ...less.effective } };
    },
    publish: (record) => broker.publish(record),
    subscribe: (request, sink) => broker.subscribe(request, sink),
    close: () => broker.close(),
    onStatus: (listener) => broker.onStatus(listener),
  };
}

class Handlers {
  readonly seen: unknown[] = [];

  @Subscribe("a.*")
  @Subscribe("b")
  take(payload: unknown): void {
    this.seen.push(payload);
  }
}

describe("BusServer", () => {
  test("opens the bus, runs the handlers with their this, and drains", async () => {
    const bus = busOver();
    const handlers = new Handlers();
    const server = new BusServer(bus, [handlers], { signals: [] });
    await server.start();
    await server.start();
    await bus.publish("a.x", 1);
    await bus.publish("b", 2);
    await bus.publish("c", 3);
    await vi.waitFor(() => expect(handlers.seen).toEqual([1, 2]));
    expect(bus.health().subscriptions).toHaveLength(2);
    await Promise.all([server.stop(), server.stop()]);
    expect(bus.health().status).toBe("down");
    await expect(server.start()).rejects.toMatchObject({ code: "BUSBAR_CLOSED" });
  });

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY, "20" as never])(
    "refuses a deadline of %s when it is made, and not when it is to drain",
    (deadlineMs) => {
      expect(() => new BusServer(busOver(), [new Handlers()], { signals: [], deadlineMs })).toThrow(
        expect.objectContaining({
          code: "BUSBAR_INVALID_ARGUMENT",
          message: expect.stringContaining("deadlineMs") as string,
        }),
      );
    },
  );

  test("refuses options that nobody knows", () => {
    const options = { signals: [], deadline: 5 } as never;
    expect(() => new BusServer(busOver(), [new Handlers()], options)).toThrow('did you mean "deadlineMs"?');
  });

  test("goes on when it is to stop with a deadline that is none, and drains when it is to stop in earnest", async () => {
    const bus = busOver();
    const server = new BusServer(bus, [new Handlers()], { signals: [] });
    await server.start();
    await expect(server.stop({ deadlineMs: Number.NaN })).rejects.toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT" });
    expect(bus.health().status).toBe("ok");
    await server.stop();
    expect(bus.health().status).toBe("down");
  });

  test("waits for running handlers when it is stopped", async () => {
    const bus = busOver();
    const events: string[] = [];
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    class Slow {
      @Subscribe("a")
      async take(): Promise<void> {
        begin();
        await new Promise((resolve) => setTimeout(resolve, 50));
        events.push("ended");
      }
    }
    const server = new BusServer(bus, [new Slow()], { signals: [] });
    await server.start();
    await bus.publish("a", 1);
    await begun;
    expect(events).toEqual([]);
    await server.stop();
    expect(events).toEqual(["ended"]);
  });

  test.each([
    [
      "declares",
      { declared: { groups: "unsupported", durable: "unsupported", startFromEarliest: "unsupported" } } as const,
    ],
    [
      "really does",
      { effective: { groups: "unsupported", durable: "unsupported", startFromEarliest: "unsupported" } } as const,
    ],
  ])("lists every need of every handler that the broker, by what it %s, does not meet", async (_how, less) => {
    class Needy {
      @Subscribe("a", { group: "g" })
      one(): void {}

      @Subscribe("b", { startFrom: "earliest" })
      two(): void {}

      @Subscribe("c")
      three(): void {}
    }
    const bus = busOver(limited(less));
    const subscribe = vi.spyOn(bus, "subscribe");
    const error: unknown = await new BusServer(bus, [new Needy()]).start().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UnsupportedError);
    const subjects = (error as UnsupportedError).needs.map(({ subject }) => subject);
    expect(subjects.some((subject) => subject.startsWith("Needy.one: "))).toBe(true);
    expect(subjects.some((subject) => subject.startsWith("Needy.two: "))).toBe(true);
    expect(subjects.some((subject) => subject.startsWith("Needy.three: "))).toBe(false);
    expect(subscribe).not.toHaveBeenCalled();
    expect(process.listeners("SIGTERM")).toHaveLength(0);
  });

  test("lists every malformed handler", async () => {
    class Malformed {
      @Subscribe("a b")
      one(): void {}

      @Subscribe("c", { concurrency: 0 })
      two(): void {}
    }
    const error: unknown = await new BusServer(busOver(), [new Malformed()]).start().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as Error).message).toMatch(/Malformed\.one: .*"a b"[^]*Malformed\.two: .*concurrency/);
  });

  test("refuses a handler without a marked method", async () => {
    class Forgotten {
      take(): void {}
    }
    await expect(new BusServer(busOver(), [new Forgotten()]).start()).rejects.toThrow(
      "The handler Forgotten has no method with @Subscribe.",
    );
  });

  test("leaves nothing behind when the broker cannot be reached", async () => {
    const broker = driver();
    const bus = createBus({
      brokers: {
        main: {
          ...limited({}),
          open: () => Promise.reject(new ConnectionError("nobody there")),
          close: () => broker.close(),
        },
      },
      connectTimeoutMs: 50,
      logger: quietLogger(),
    });
    await expect(new BusServer(bus, [new Handlers()]).start()).rejects.toMatchObject({
      code: "BUSBAR_CONNECTION",
      retryable: true,
    });
    expect(process.listeners("SIGTERM")).toHaveLength(0);
    expect(process.listeners("SIGINT")).toHaveLength(0);
  });

  test("listens for signals from start to stop, and stops on the first", async () => {
    const bus = busOver();
    const server = new BusServer(bus, [new Handlers()], { signals: ["SIGHUP"] });
    expect(process.listeners("SIGHUP")).toHaveLength(0);
    await server.start();
    expect(process.listeners("SIGHUP")).toHaveLength(1);
    process.emit("SIGHUP");
    await vi.waitFor(() => expect(process.listeners("SIGHUP")).toHaveLength(0));
    expect(bus.health().status).toBe("down");
  });
});
