import { Container, inject, named } from "inversify";
import { describe, expect, test, vi } from "vitest";
import { Bus } from "../../src/bus/bus.ts";
import type { Publisher } from "../../src/bus/options.ts";
import {
  BROKER,
  brokerModule,
  BUS,
  busModule,
  BusServer,
  CODEC,
  handlersModule,
  PUBLISHER,
  Subscribe,
} from "../../src/di/index.ts";
import type { Broker } from "../../src/contract/index.ts";
import { memory } from "../../src/memory/memory-broker.ts";
import { folderWith, quietLogger } from "../config/problems-of.ts";

const logger = quietLogger();
let count = 0;

/** A broker in memory that no other test shares. */
function ownUrl(): string {
  count += 1;
  return `memory://bus-module-${count}`;
}

class Readings {
  readonly #publisher: Publisher;

  constructor(@inject(PUBLISHER) publisher: Publisher) {
    this.#publisher = publisher;
  }

  async save(celsius: number): Promise<void> {
    await this.#publisher.publish("reading.saved", { celsius });
  }
}

describe("busModule", () => {
  test("binds one bus, not yet open", async () => {
    const container = new Container();
    container.load(busModule({ brokers: { main: ownUrl() }, logger }));
    const bus = container.get(BUS);
    expect(bus).toBeInstanceOf(Bus);
    expect(container.get(BUS)).toBe(bus);
    await expect(bus.publish("a", 1)).rejects.toMatchObject({ code: "BUSBAR_CLOSED" });
    await bus.open();
    await bus.close();
  });

  test("binds a publisher that can do nothing else", async () => {
    const container = new Container();
    container.load(busModule({ brokers: { main: ownUrl() }, logger }));
    container.bind(Readings).toSelf();
    expect(Object.keys(container.get(PUBLISHER))).toEqual(["publish"]);
    const bus = container.get(BUS);
    await bus.open();
    const handler = vi.fn<(payload: unknown) => void>();
    await bus.subscribe("reading.*", handler);
    await container.get(Readings).save(21.5);
    await vi.waitFor(() => expect(handler).toHaveBeenCalledWith({ celsius: 21.5 }, expect.anything()));
    await bus.close();
  });

  test("binds publishers and drivers by the names of their brokers", async () => {
    class Both {
      readonly edge: Publisher;
      readonly log: Publisher;

      constructor(@inject(PUBLISHER) @named("edge") edge: Publisher, @inject(PUBLISHER) @named("log") log: Publisher) {
        this.edge = edge;
        this.log = log;
      }
    }
    const container = new Container();
    container.load(busModule({ brokers: { edge: ownUrl(), log: ownUrl() }, logger }));
    container.bind(Both).toSelf();
    const bus = container.get(BUS);
    await bus.open();
    const from = vi.fn<(broker: string) => void>();
    for (const broker of ["edge", "log"])
      await bus.subscribe("a", { broker }, (_payload, message) => from(message.broker));
    await container.get(Both).log.publish("a", 1);
    await vi.waitFor(() => expect(from.mock.calls).toEqual([["log"]]));
    await container.get(Both).edge.publish("a", 1);
    await vi.waitFor(() => expect(from.mock.calls).toEqual([["log"], ["edge"]]));

    const log = await container.getAsync(BROKER, { name: "log" });
    expect(log.native).toBe(bus.native("log"));
    expect(await container.getAsync(BROKER)).toBe(await container.getAsync(BROKER, { name: "edge" }));
    await bus.close();
  });

  test("reads a file as connect does", () => {
    const folder = folderWith({ "busbar.yaml": `brokers: { here: ${ownUrl()}, there: ${ownUrl()} }` });
    vi.stubEnv("BUSBAR_CONFIG", `${folder}/busbar.yaml`);
    const container = new Container();
    container.load(busModule());
    const names = container
      .get(BUS)
      .health()
      .brokers.map(({ name }) => name);
    expect(names).toEqual(["here", "there"]);
    expect(container.isBound(BROKER, { name: "there" })).toBe(true);
  });

  test("says all that is wrong with the configuration", () => {
    const container = new Container();
    container.load(busModule({ brokers: { main: "nope", other: "mqqt://h" }, logger }));
    expect(() => container.get(BUS)).toThrow(/2 problems/);
    expect(() => new Container().load(busModule("gone.yaml"))).toThrow(/gone\.yaml, which cannot be read/);
  });

  test("takes all codecs of the container", async () => {
    const container = new Container();
    container.load(busModule({ brokers: { main: ownUrl() }, logger }));
    for (const type of ["application/x-one", "application/x-two"]) {
      container.bind(CODEC).toConstantValue({ contentType: type, encode: () => Uint8Array.of(1), decode: () => type });
    }
    const bus = container.get(BUS);
    await bus.open();
    const handler = vi.fn<(payload: unknown) => void>();
    await bus.subscribe("a", handler);
    await bus.publish("a", 1, { contentType: "application/x-two" });
    await vi.waitFor(() => expect(handler).toHaveBeenCalledWith("application/x-two", expect.anything()));
    await bus.close();
  });
});

describe("brokerModule", () => {
  const driver = (): Broker => memory({ url: ownUrl() });

  test("gives its driver to the bus, under its name", async () => {
    const [edge, log] = [driver(), driver()];
    const container = new Container();
    container.load(brokerModule(edge, "edge"), brokerModule(log, "log"), busModule());
    const bus = container.get(BUS);
    expect(bus.health().brokers.map(({ name }) => name)).toEqual(["edge", "log"]);
    expect(container.get(BROKER, { name: "log" })).toBe(log);
    expect(await container.getAsync(BROKER)).toBe(edge);
    await bus.open();
    expect(bus.native("log")).toBe(log.native);
    await container.get(PUBLISHER, { name: "log" }).publish("a", 1);
    await bus.close();
  });

  test("adds to the brokers of a configuration, which may route to it", async () => {
    const container = new Container();
    container.load(
      brokerModule(driver(), "log"),
      busModule({ brokers: { main: ownUrl() }, routes: { "audit.**": "log" }, logger }),
    );
    const bus = container.get(BUS);
    expect(bus.health().brokers.map(({ name }) => name)).toEqual(["main", "log"]);
    await bus.close();
  });

  test("may be all the brokers of a configuration", () => {
    const container = new Container();
    container.load(brokerModule(driver()), busModule({ service: "saver", logger }));
    expect(container.get(BUS).health().brokers).toMatchObject([{ name: "main" }]);
  });

  test("refuses a name that is taken or is none", () => {
    const container = new Container();
    container.load(
      brokerModule(driver(), "main"),
      brokerModule(driver(), "a b"),
      busModule({ brokers: { main: ownUrl() }, logger }),
    );
    expect(() => container.get(BUS)).toThrow(
      /brokers\.main: stands for two brokers[^]*brokers\["a b"\]: a broker's name begins with a letter/,
    );
  });
});

describe("two containers in one process", () => {
  test("do not know of each other", async () => {
    const seen: string[] = [];
    class Handlers {
      readonly #name: string;

      constructor(@inject("name") name: string) {
        this.#name = name;
      }

      @Subscribe("a")
      take(payload: unknown): void {
        seen.push(`${this.#name}: ${String(payload)}`);
      }
    }
    const containers = ["one", "two"].map((name) => {
      const container = new Container();
      container.bind("name").toConstantValue(name);
      container.load(busModule({ brokers: { main: ownUrl() }, logger }, { signals: [] }), handlersModule([Handlers]));
      return container;
    });
    await Promise.all(containers.map((container) => container.get(BusServer).start()));
    await containers[1]?.get(PUBLISHER).publish("a", "from two");
    await vi.waitFor(() => expect(seen).toEqual(["two: from two"]));
    await containers[1]?.get(BusServer).stop();
    await containers[0]?.get(PUBLISHER).publish("a", "from one");
    await vi.waitFor(() => expect(seen).toEqual(["two: from two", "one: from one"]));
    await containers[0]?.get(BusServer).stop();
  });
});
