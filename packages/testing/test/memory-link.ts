import { memory } from "@busbar/core";
import type { Broker, BrokerStatus } from "@busbar/core/contract";
import { Gate } from "../src/gate.ts";
import type { Link } from "../src/link.ts";
import { overlaid } from "../src/overlaid.ts";

/** A link to a broker in memory: it can hold confirms and end, as a wire does. */
export class MemoryLink implements Link {
  readonly #url: string;
  readonly #mutate: (broker: Broker) => Broker;
  readonly #listeners = new Set<(status: BrokerStatus) => void>();
  #answers = openGate();

  /** @param mutate Makes a mutant of what is at this end of the link. */
  constructor(url: string, mutate: (broker: Broker) => Broker) {
    this.#url = url;
    this.#mutate = mutate;
  }

  create(): Broker {
    const broker = memory({ url: this.#url });
    const held = overlaid<Broker>(broker, {
      publish: async (record, options) => {
        const receipt = await broker.publish(record, options);
        await this.#answers.passed();
        return receipt;
      },
      onStatus: (listener) => {
        this.#listeners.add(listener);
        const unlisten = broker.onStatus(listener);
        return () => {
          this.#listeners.delete(listener);
          unlisten();
        };
      },
    });
    return this.#mutate(held);
  }

  holdAnswers(): void {
    this.#answers = new Gate();
  }

  release(): void {
    this.#answers.open();
  }

  sever(): void {
    memory({ url: this.#url }).native.sever();
  }

  close(): Promise<void> {
    this.release();
    for (const listener of this.#listeners) listener({ type: "disconnected" });
    return Promise.resolve();
  }
}

function openGate(): Gate {
  const gate = new Gate();
  gate.open();
  return gate;
}
