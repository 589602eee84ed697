import type { BrokerStatus } from "../contract/index.ts";

/** The listeners of a driver's status, so that `Broker.onStatus` is one line in a driver. */
export class StatusHub {
  readonly #listeners = new Set<(status: BrokerStatus) => void>();

  /** Adds a listener; the returned function takes it away again. Fits `Broker.onStatus`. */
  readonly on = (listener: (status: BrokerStatus) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Tells every listener. Never throws: a listener's own error must not reach a client library. */
  emit(status: BrokerStatus): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(status);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
