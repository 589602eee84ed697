import { randomUUID } from "node:crypto";
import { connect } from "@busbar/core";
import type { Bus, BusConfig, SubscribeOptions } from "@busbar/core";
import { afterAll, afterEach } from "vitest";

/** The buses of one test, closed at its end, and what they left at the broker deleted. */
export class OpenBuses {
  readonly #buses: Bus[] = [];
  readonly #kept: Bus[] = [];
  readonly #forget: (() => Promise<void>)[] = [];

  constructor() {
    afterEach(() => this.#closeAll());
    afterAll(async () => {
      await Promise.all(this.#kept.map((bus) => bus.close({ deadlineMs: 2_000 })));
    });
  }

  /** Connects to a broker under the name `main`, and keeps warnings to itself. */
  async connect(url: string, config: Partial<BusConfig> = {}): Promise<Bus> {
    const named = { service: "integration", instance: unique("i"), brokers: { main: url }, logger: quiet };
    return this.connectTo({ ...named, ...config });
  }

  /** Like `connect`, closed only after all tests; to be called in `beforeAll`. */
  async connectForAll(url: string): Promise<Bus> {
    const bus = await connect({ service: "integration", instance: unique("i"), brokers: { main: url }, logger: quiet });
    this.#kept.push(bus);
    return bus;
  }

  /** Connects as the configuration says. */
  async connectTo(config: BusConfig): Promise<Bus> {
    const bus = await connect(config);
    this.#buses.push(bus);
    return bus;
  }

  /** Deletes a durable subscription at the end of the test. */
  forgetLater(bus: Bus, filter: string, { group }: SubscribeOptions): void {
    this.#forget.push(() => bus.forget({ filter, ...(group === undefined ? {} : { group }) }));
  }

  async #closeAll(): Promise<void> {
    await Promise.allSettled(this.#forget.splice(0).map((forget) => forget()));
    await Promise.all(this.#buses.splice(0).map((bus) => bus.close({ deadlineMs: 2_000 })));
  }
}

/** A logger that says nothing. */
export const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined } as const;

/** A name that no other test and no other run has. */
export function unique(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}
