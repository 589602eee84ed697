import { memory } from "@busbar/core";
import type { Broker, BrokerStatus, Delivery, EffectiveCapabilities } from "@busbar/core/contract";
import { ConnectionError } from "@busbar/core/driver";
import { Gate } from "../../packages/testing/src/gate.ts";
import type { Link } from "../../packages/testing/src/link.ts";
import { overlaid } from "../../packages/testing/src/overlaid.ts";

/** A link to a broker in memory: it can hold confirms, swallow what is said, and end, as a wire does. */
export class MemoryLink implements Link {
  readonly #url: string;
  readonly #mutate: (broker: Broker) => Broker;
  readonly #listeners = new Set<(status: BrokerStatus) => void>();
  readonly #open = new Map<Broker, EffectiveCapabilities>();
  #answers = openGate();
  #cut = new Gate();
  #silent = false;
  #refusing = false;

  /** @param mutate Makes a mutant of what is at this end of the link. @default what is there */
  constructor(url: string, mutate: (broker: Broker) => Broker = (broker) => broker) {
    this.#url = url;
    this.#mutate = mutate;
  }

  get connections(): number {
    return this.#open.size;
  }

  create(): Broker {
    const broker = memory({ url: this.#url });
    const closed = new Gate();
    const linked = overlaid<Broker>(broker, {
      open: async () => {
        if (this.#refusing) throw new ConnectionError("nobody is there", {});
        const effective = await broker.open();
        this.#open.set(broker, effective);
        return effective;
      },
      close: () => {
        this.#open.delete(broker);
        closed.open();
        return broker.close();
      },
      publish: async (record, options) => {
        if (this.#refusing) throw new ConnectionError("nobody is there", {});
        const cut = this.#cut;
        const receipt = this.#silent ? undefined : await broker.publish(record, options);
        await Promise.race([this.#silent ? cut.passed() : this.#answers.passed(), cut.passed(), closed.passed()]);
        if (receipt !== undefined && !cut.isOpen && !closed.isOpen) return receipt;
        throw new ConnectionError("the connection was cut before the confirm", { code: "BUSBAR_OUTCOME_UNKNOWN" });
      },
      subscribe: (request, sink) =>
        broker.subscribe(request, (delivery) => {
          if (!this.#silent) sink(this.#overTheWire(delivery));
        }),
      onStatus: (listener) => {
        this.#listeners.add(listener);
        const unlisten = broker.onStatus(listener);
        return () => {
          this.#listeners.delete(listener);
          unlisten();
        };
      },
    });
    return this.#mutate(linked);
  }

  holdAnswers(): void {
    this.#answers = new Gate();
  }

  release(): void {
    this.#answers.open();
  }

  swallow(): void {
    this.#silent = true;
  }

  sever(): void {
    this.#tell({ type: "disconnected" });
    this.#cut.open();
    this.#cut = new Gate();
    this.#silent = false;
    memory({ url: this.#url }).native.sever();
    // As on a network not before everybody has heard of the cut, or what comes now would go before what it has swallowed.
    setImmediate(() => void (this.#refusing || this.#tellConnected()));
  }

  refuse(): void {
    this.#refusing = true;
    this.sever();
  }

  accept(): void {
    this.#refusing = false;
    this.#tellConnected();
  }

  close(): Promise<void> {
    this.release();
    this.#tell({ type: "disconnected" });
    return Promise.resolve();
  }

  #overTheWire(delivery: Delivery): Delivery {
    return overlaid(delivery, {
      settle: (outcome, delayMs) => {
        if (!this.#silent) delivery.settle(outcome, delayMs);
      },
    });
  }

  #tellConnected(): void {
    const [effective] = this.#open.values();
    if (effective !== undefined) this.#tell({ type: "connected", effective });
  }

  #tell(status: BrokerStatus): void {
    for (const listener of this.#listeners) listener(status);
  }
}

function openGate(): Gate {
  const gate = new Gate();
  gate.open();
  return gate;
}
