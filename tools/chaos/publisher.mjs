import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { connect } from "@busbar/core";

import { Journal } from "./journal.mjs";
import { firstNumber, keyCount } from "./load.mjs";
import { seededRandom } from "./random.mjs";

/** @import { Assignment } from "./assignment.mjs" */

/** How often it catches up with its rate, in milliseconds. */
const tickMs = 10;

/** Publishes numbered messages at a constant rate and writes every confirmed number to a file. */
export class LoadPublisher {
  #bus;
  #assignment;
  #journal;
  #random;
  #stopped = new AbortController();
  #refused = 0;
  /** @type {Promise<void>} */
  #publishing;

  /**
   * @param {import("@busbar/core").Bus} bus
   * @param {Assignment} assignment
   */
  constructor(bus, assignment) {
    this.#bus = bus;
    this.#assignment = assignment;
    this.#random = seededRandom(assignment.seed + assignment.generation);
    this.#journal = new Journal(join(assignment.folder, "confirmed"));
    this.#publishing = this.#publishAll();
  }

  /**
   * Resolves once the first message is on its way.
   *
   * @param {Assignment} assignment
   * @returns {Promise<LoadPublisher>}
   */
  static async start(assignment) {
    const bus = await connect({
      service: "chaos",
      instance: assignment.name,
      brokers: { main: { url: assignment.url, native: assignment.native } },
      connectTimeoutMs: 30_000,
    });
    return new LoadPublisher(bus, assignment);
  }

  /** Publishes no more; resolves to how many were not confirmed, once each was confirmed or not. */
  async stop() {
    this.#stopped.abort();
    await this.#publishing;
    return this.#refused;
  }

  /** Ends its connections. */
  async close() {
    await this.stop();
    await this.#bus.close();
    this.#journal.close();
  }

  async #publishAll() {
    /** @type {Set<Promise<void>>} */
    const open = new Set();
    const { messagesPerSecond } = this.#assignment;
    const start = performance.now();
    let sent = 0;
    while (!this.#stopped.signal.aborted) {
      const due = Math.floor(((performance.now() - start) / 1_000) * messagesPerSecond) + 1;
      for (; sent < due; sent++) {
        const one = this.#publish(firstNumber(this.#assignment.generation) + sent).finally(() => open.delete(one));
        open.add(one);
      }
      await pause(tickMs);
    }
    await Promise.all(open);
  }

  /** @param {number} number */
  async #publish(number) {
    const key = `key-${Math.floor(this.#random() * keyCount)}`;
    try {
      await this.#bus.publish(
        this.#assignment.topic,
        { number, key, sentAt: Date.now() },
        { key, id: `chaos-${number}` },
      );
    } catch (error) {
      this.#refused++;
      console.error(`${number} was not confirmed: ${String(error)}`);
      return;
    }
    this.#journal.append([number]);
  }
}
