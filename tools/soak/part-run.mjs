import { connect } from "@busbar/core";

import { until } from "../chaos/until.mjs";
import { seededRandom } from "../chaos/random.mjs";
import { MemoryWatch } from "./memory-watch.mjs";

/** @import { Broker } from "@busbar/core/contract" */
/** @import { Bus } from "@busbar/core" */
/** @import { Assignment } from "./assignment.mjs" */

/**
 * How long nothing may happen while something is waited for, in milliseconds: more than a Kafka session.
 *
 * @type {number}
 */
export const patienceMs = 90_000;
/** How often it is told how far it is, in milliseconds. */
const tellEveryMs = 500;

/** One run of one part: what it is asked for, the buses it opens, and what it has found. */
export class PartRun {
  /** @type {Bus[]} */
  #buses = [];
  #say;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** What is wrong, in the order in which it was found. @type {string[]} */
  problems = [];
  memory = new MemoryWatch();

  /**
   * @param {Assignment} assignment
   * @param {AbortSignal} signal stops it
   * @param {(text: string) => void} say tells how far it is
   */
  constructor(assignment, signal, say) {
    this.protocol = assignment.protocol;
    this.url = assignment.url;
    this.messages = assignment.messages;
    this.random = seededRandom(assignment.seed);
    this.signal = signal;
    this.#say = say;
  }

  /**
   * Opens a bus on the broker, or on the driver that is given; it is drained and closed when the part is over.
   *
   * @param {Broker} [driver]
   * @returns {Promise<Bus>}
   */
  async connect(driver) {
    const bus = await connect({
      service: "soak",
      instance: "one",
      brokers: { main: driver ?? { url: this.url } },
      connectTimeoutMs: 30_000,
    });
    this.#buses.push(bus);
    return bus;
  }

  /**
   * Notes a problem unless it is as it must be.
   *
   * @param {boolean} holds
   * @param {string} problem
   */
  must(holds, problem) {
    if (!holds) {
      this.problems.push(problem);
    }
  }

  /**
   * Resolves when the count has come to the goal, or when it has not grown for too long, which is for the part to notice.
   *
   * @param {string} what is counted, for people
   * @param {number} goal
   * @param {() => number} count
   */
  async whenCounted(what, goal, count) {
    let seen = count();
    let grewAt = Date.now();
    const look = () => {
      const now = count();
      if (now !== seen) {
        seen = now;
        grewAt = Date.now();
      }
      this.tell(`${now.toLocaleString("en")} of ${goal.toLocaleString("en")} ${what}`);
      return now >= goal || Date.now() - grewAt > patienceMs;
    };
    await until(look, { deadlineMs: Number.POSITIVE_INFINITY, signal: this.signal, whyNot: () => what });
  }

  /**
   * Tells how far it is, unless it was told a moment ago.
   *
   * @param {string} text
   */
  tell(text) {
    const now = performance.now();
    if (now - this.#toldAt >= tellEveryMs) {
      this.#toldAt = now;
      this.#say(text);
    }
  }

  /** Drains and closes every bus. */
  async close() {
    this.memory.stop();
    await Promise.all(this.#buses.map((bus) => bus.close()));
  }
}
