import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { connect } from "@busbar/core";

import { Journal } from "./journal.mjs";
import { concurrency, isPoison } from "./load.mjs";

/** @import { Assignment } from "./assignment.mjs" */

/** How long a handler takes, in milliseconds: long enough that some are running whenever their process is killed. */
const handlingMs = 3;

const service = "chaos";

/** Handles the messages and writes the number of each to a file before its handler returns. */
export class LoadConsumer {
  #bus;
  #group;
  #journal;

  /**
   * @param {import("@busbar/core").Bus} bus
   * @param {string} group
   * @param {Journal} journal
   */
  constructor(bus, group, journal) {
    this.#bus = bus;
    this.#group = group;
    this.#journal = journal;
  }

  /**
   * Resolves when a message published from now on would be received.
   *
   * @param {Assignment} assignment
   * @returns {Promise<LoadConsumer>}
   */
  static async start({ url, topic, group, folder, hasPoison }) {
    const bus = await connect({
      service,
      instance: "consumer",
      brokers: { main: { url } },
      connectTimeoutMs: 30_000,
    });
    const journal = new Journal(join(folder, "handled"));
    await bus.subscribe(
      topic,
      {
        ...(group === undefined ? {} : { group }),
        durable: true,
        order: "key",
        concurrency,
        retry: { attempts: 2, backoffMs: 50 },
      },
      async (/** @type {{ number: number, key: string, sentAt: number }} */ { number, key, sentAt }) => {
        if (hasPoison && isPoison(number)) {
          throw new Error(`${number} is poison`);
        }
        await pause(handlingMs);
        journal.append([number, key, sentAt, Date.now()]);
      },
    );
    return new LoadConsumer(bus, group ?? service, journal);
  }

  /** Resolves to the numbers of the dead letters. */
  async deadLetters() {
    /** @type {number[]} */
    const numbers = [];
    for await (const letter of this.#bus.deadLetters(this.#group).list()) {
      numbers.push(JSON.parse(new TextDecoder().decode(letter.body)).number);
    }
    return numbers;
  }

  /** Drains and ends its connections. */
  async close() {
    await this.#bus.close();
    this.#journal.close();
  }
}
