import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { checkoutFolder } from "../brokers/checkout.mjs";
import { ChildProgram } from "./child-program.mjs";
import { readConfirmed, readHandled } from "./journal.mjs";
import { messagesPerSecond } from "./load.mjs";
import { nativeOptions } from "./native-options.mjs";

/** @import { Assignment } from "./assignment.mjs" */
/** @import { ChaosBroker } from "./chaos-broker.mjs" */
/** @import { Loss } from "./losses.mjs" */

/**
 * What came out of it.
 *
 * @typedef {object} LossVerdict
 * @property {number} published how many were confirmed
 * @property {number} missing how many of them were not handled before everybody was back
 * @property {number} lost how many never were
 * @property {boolean} isSaid the adapter said so at start-up
 */

/** Without a message for so long nothing is on its way any more, in milliseconds. */
const quietMs = 2_000;
/** How often that is looked at, in milliseconds. */
const lookEveryMs = 200;

/** Where it is shown what a broker loses by itself: consumers that come and go by name, and a publisher while one is needed. */
export class LossStage {
  #broker;
  #loss;
  #signal;
  /** @type {Map<string, ChildProgram>} */
  #consumers = new Map();
  /** @type {ChildProgram | undefined} */
  #publisher;
  #missing = 0;
  #isSaid = false;
  /** @type {Omit<Assignment, "role" | "name">} */
  #assignment;

  /** @param {{ broker: ChaosBroker, loss: Loss, seed: number, signal: AbortSignal }} plan */
  constructor({ broker, loss, seed, signal }) {
    this.#broker = broker;
    this.#loss = loss;
    this.#signal = signal;
    this.#assignment = {
      url: broker.url,
      native: nativeOptions[loss.protocol] ?? {},
      topic: `chaos.${loss.name}`,
      ...(loss.group === undefined ? {} : { group: loss.group }),
      folder: join(checkoutFolder, ".busbar", "chaos", `${loss.protocol}-${loss.name}`),
      seed,
      generation: 0,
      messagesPerSecond: loss.messagesPerSecond ?? messagesPerSecond,
      hasPoison: false,
    };
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder, { recursive: true });
  }

  /** Where the files that are compared and the logs of the processes stay until the next run. */
  get folder() {
    return this.#assignment.folder;
  }

  /**
   * Starts a consumer; resolves when it receives.
   *
   * @param {string} name of the instance
   * @param {Readonly<Record<string, unknown>>} [native]
   */
  async start(name, native = this.#assignment.native) {
    const consumer = new ChildProgram({ ...this.#assignment, role: "consumer", name, native });
    this.#consumers.set(name, consumer);
    await consumer.whenReady(this.#signal);
    this.#isSaid ||= consumer.hasWritten(this.#loss.said);
  }

  /** Ends a consumer by SIGTERM; what its broker keeps for it stays. @param {string} name */
  async drain(name) {
    await this.#consumers.get(name)?.drain();
  }

  /** Ends a consumer by SIGKILL. @param {string} name */
  async kill(name) {
    await this.#consumers.get(name)?.kill();
  }

  /**
   * Publishes for so long, and resolves when each publish was confirmed or refused.
   *
   * @param {number} ms
   * @param {() => Promise<void>} [halfway]
   */
  async publishFor(ms, halfway) {
    const publisher = new ChildProgram({ ...this.#assignment, role: "publisher", name: "publisher" });
    this.#publisher = publisher;
    await publisher.whenReady(this.#signal);
    await pause(ms / 2, undefined, { signal: this.#signal });
    await halfway?.();
    await pause(ms / 2, undefined, { signal: this.#signal });
    await publisher.drain();
  }

  /** Restarts the broker on its data; resolves when it answers. @param {"SIGTERM" | "SIGKILL"} signal */
  async restartBroker(signal) {
    await this.#broker.restart(signal);
    this.#signal.throwIfAborted();
  }

  /** Resolves when nothing was handled for a while. */
  async whenQuiet() {
    let count = this.#handled().size;
    for (let quietSince = Date.now(); Date.now() - quietSince < quietMs;) {
      await pause(lookEveryMs, undefined, { signal: this.#signal });
      const now = this.#handled().size;
      quietSince = now === count ? quietSince : Date.now();
      count = now;
    }
  }

  /** What is missing now was not handled before everybody was back. */
  noteMissing() {
    this.#missing = this.#unhandled();
  }

  /** What the files say. @returns {LossVerdict} */
  verdict() {
    return {
      published: readConfirmed(join(this.folder, "confirmed")).size,
      missing: this.#missing,
      lost: this.#unhandled(),
      isSaid: this.#isSaid,
    };
  }

  /** Kills what still runs. */
  async end() {
    const programs = [...this.#consumers.values(), ...(this.#publisher === undefined ? [] : [this.#publisher])];
    await Promise.all(programs.map((program) => program.kill()));
  }

  #unhandled() {
    const handled = this.#handled();
    return [...readConfirmed(join(this.folder, "confirmed"))].filter((number) => !handled.has(number)).length;
  }

  #handled() {
    return new Set(readHandled(join(this.folder, "handled")).map(({ number }) => number));
  }
}
