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
  #deadLetterBroker;
  #journal;

  /**
   * @param {import("@busbar/core").Bus} bus
   * @param {string} group
   * @param {string} deadLetterBroker
   * @param {Journal} journal
   */
  constructor(bus, group, deadLetterBroker, journal) {
    this.#bus = bus;
    this.#group = group;
    this.#deadLetterBroker = deadLetterBroker;
    this.#journal = journal;
  }

  /**
   * Resolves when a message published from now on would be received.
   *
   * @param {Assignment} assignment
   * @returns {Promise<LoadConsumer>}
   */
  static async start({ name, url, native, deadLetterUrl, topic, group, folder, hasPoison }) {
    const main = { url, native };
    const bus = await connect({
      service,
      instance: name,
      brokers: deadLetterUrl === undefined ? { main } : { main, dead: { url: deadLetterUrl, native } },
      connectTimeoutMs: 30_000,
      // Where the dead letters go may be away for longer than that.
      ...(deadLetterUrl === undefined ? {} : { start: "background" }),
    });
    const journal = new Journal(join(folder, "handled"));
    const subscription = await bus.subscribe(
      topic,
      {
        ...(group === undefined ? {} : { group }),
        durable: true,
        order: "key",
        concurrency,
        retry: { attempts: 2, backoffMs: 50 },
        ...(deadLetterUrl === undefined ? {} : { deadLetter: { broker: "dead" } }),
      },
      async (/** @type {{ number: number, key: string, sentAt: number }} */ { number, key, sentAt }) => {
        if (hasPoison && isPoison(number)) {
          throw new Error(`${number} is poison`);
        }
        await pause(handlingMs);
        journal.append([number, key, sentAt, Date.now()]);
      },
    );
    await subscription.ready;
    return new LoadConsumer(bus, group ?? service, deadLetterUrl === undefined ? "main" : "dead", journal);
  }

  /** Resolves to the numbers of the dead letters. */
  async deadLetters() {
    /** @type {number[]} */
    const numbers = [];
    for await (const letter of this.#bus.deadLetters(this.#group, { broker: this.#deadLetterBroker }).list()) {
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
