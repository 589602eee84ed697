import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { checkoutFolder } from "../brokers/checkout.mjs";
import { ChildProgram } from "./child-program.mjs";
import { readConfirmed, readHandled } from "./journal.mjs";
import { judge, recoveryAfter } from "./judge.mjs";
import { isPoison, keyCount, messagesPerSecond } from "./load.mjs";
import { nativeOptions } from "./native-options.mjs";
import { seededRandom } from "./random.mjs";
import { until } from "./until.mjs";

/** @import { Assignment } from "./assignment.mjs" */
/** @import { ChaosBroker } from "./chaos-broker.mjs" */
/** @import { Verdict } from "./judge.mjs" */
/** @import { Scenario } from "./scenarios.mjs" */

/** How long messages may take to flow again after a fault, in milliseconds: more than the session of a killed Kafka member. */
const recoveryMs = 90_000;
/** How long everything confirmed may take to be handled once nothing is broken any more, in milliseconds. */
const settleMs = 90_000;

/** Where one scenario plays on one broker: the processes, the load between them, and what can be done to both. */
export class Stage {
  #broker;
  #scenario;
  #signal;
  #endsAt = 0;
  #milliseconds;
  #random;
  /** @type {Assignment} */
  #assignment;
  /** @type {ChildProgram | undefined} */
  #consumer;
  /** @type {ChildProgram | undefined} */
  #publisher;
  #generation = 0;
  /** @type {number[]} */
  #faultEnds = [];
  /** @type {number[]} */
  #deadLetters = [];

  /**
   * @param {object} plan
   * @param {string} plan.protocol
   * @param {ChaosBroker | undefined} plan.broker none in memory
   * @param {Scenario} plan.scenario
   * @param {number} plan.seconds
   * @param {number} plan.seed
   * @param {AbortSignal} plan.signal
   */
  constructor({ protocol, broker, scenario, seconds, seed, signal }) {
    this.#broker = broker;
    this.#scenario = scenario;
    this.#signal = signal;
    this.#milliseconds = seconds * 1_000;
    this.#random = seededRandom(seed);
    const url = broker === undefined ? "memory:" : scenario.isOverNetwork === true ? broker.proxiedUrl : broker.url;
    this.#assignment = {
      role: broker === undefined ? "both" : "consumer",
      name: "consumer",
      url,
      native: nativeOptions[protocol] ?? {},
      ...(broker !== undefined && scenario.buriesOverNetwork === true ? { deadLetterUrl: broker.proxiedUrl } : {}),
      topic: `chaos.${scenario.name}`,
      ...(scenario.ungroupedOn?.includes(protocol) ? {} : { group: `chaos-${scenario.name}` }),
      folder: join(checkoutFolder, ".busbar", "chaos", `${protocol}-${scenario.name}`),
      seed,
      generation: 0,
      messagesPerSecond,
      hasPoison: scenario.hasPoison === true,
    };
  }

  /** Where the files that are compared and the logs of the processes stay until the next run. */
  get folder() {
    return this.#assignment.folder;
  }

  /** The network between the processes and the broker. */
  get network() {
    return this.#brokerOrThrow().network;
  }

  /** Runs the scenario to its end; resolves when all that was confirmed is where it belongs. Rejects with the reason when that does not happen. */
  async play() {
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder, { recursive: true });
    this.#broker?.network.heal();
    await this.startConsumer();
    await this.startPublisher();
    await this.#whenHandled(() => this.#handled().length > 0, "nothing was handled before anything was broken");
    this.#endsAt = Date.now() + this.#milliseconds;
    await this.#scenario.run(this);
    // What comes now shows that everything works again.
    const over = Date.now();
    await this.#whenHandled(
      () => recoveryAfter(over, this.#handled()) !== undefined,
      "nothing new was handled after the last fault",
    );
    await this.#publisher?.ask("stop-publishing", this.#signal);
    await this.#whenSettled();
    await this.#publisher?.drain();
    if (this.#consumer !== this.#publisher) {
      await this.#consumer?.drain();
    }
  }

  /** What the files say, whatever happened. */
  verdict() {
    return judge({
      confirmed: readConfirmed(join(this.folder, "confirmed")),
      handled: this.#handled(),
      deadLetters: this.#deadLetters,
      mustDie: (number) => this.#mustDie(number),
      faultEnds: this.#faultEnds,
    });
  }

  /** Kills what still runs, and leaves the network as it was. */
  async end() {
    this.#broker?.network.heal();
    await Promise.all([this.#consumer?.kill(), this.#publisher?.kill()]);
  }

  /**
   * Repeats the fault until the time of the scenario is over, and so many times at least.
   *
   * @param {() => Promise<void>} fault
   * @param {number} [times]
   */
  async again(fault, times = 1) {
    for (let time = 0; time < times || Date.now() < this.#endsAt; time++) {
      await fault();
    }
  }

  /**
   * How often something happens within the time of the scenario that happens every so many seconds.
   *
   * @param {number} seconds
   */
  timesEvery(seconds) {
    return Math.ceil(this.#milliseconds / (seconds * 1_000));
  }

  /**
   * A random number between two.
   *
   * @param {number} least
   * @param {number} most
   */
  between(least, most) {
    return least + this.#random() * (most - least);
  }

  /**
   * Lets time go by, with two numbers a random one between them.
   *
   * @param {number} leastMs
   * @param {number} [mostMs]
   */
  async pause(leastMs, mostMs = leastMs) {
    await pause(this.between(leastMs, mostMs), undefined, { signal: this.#signal });
  }

  /** From here on the recovery is measured. */
  faultEnded() {
    this.#faultEnds.push(Date.now());
  }

  /** Resolves when a message was handled that was published after the last fault ended. */
  async whenRecovered() {
    const moment = this.#faultEnds.at(-1) ?? 0;
    await this.#whenHandled(
      () => recoveryAfter(moment, this.#handled()) !== undefined,
      "nothing published after the fault was handled",
    );
  }

  /** The same, of every key: as long as something waits to be buried, nothing later of its key is handled. */
  async whenRecoveredOnEveryKey() {
    const moment = this.#faultEnds.at(-1) ?? 0;
    const keysSince = () => new Set(this.#handled().flatMap(({ sentAt, key }) => (sentAt >= moment ? [key] : [])));
    await this.#whenHandled(() => keysSince().size === keyCount, "some keys are still waited for");
  }

  /** Resolves when a message was handled that was published from now on, whatever is broken. */
  async whenFlowing() {
    const moment = Date.now();
    await this.#whenHandled(
      () => recoveryAfter(moment, this.#handled()) !== undefined,
      "what nothing is wrong with was not handled",
    );
  }

  /**
   * Resolves when the consumer has written this to its log, since the scenario began.
   *
   * @param {string} text
   */
  async whenConsumerSays(text) {
    await until(() => this.#consumer?.hasWritten(text) === true, {
      deadlineMs: recoveryMs,
      signal: this.#signal,
      whyNot: () => `the consumer did not say "${text}"`,
    });
  }

  /** Restarts the broker by SIGTERM on its data; resolves when it answers. */
  async restartBroker() {
    await this.#brokerOrThrow().restart();
    this.#signal.throwIfAborted();
  }

  /** Starts the consumer; resolves when it receives. */
  async startConsumer() {
    this.#consumer = new ChildProgram(this.#assignment);
    await this.#consumer.whenReady(this.#signal);
  }

  /** Starts a publisher that goes on counting where no other has been; resolves when it publishes. */
  async startPublisher() {
    if (this.#broker === undefined) {
      this.#publisher = this.#consumer;
      return;
    }
    this.#publisher = new ChildProgram({
      ...this.#assignment,
      role: "publisher",
      name: "publisher",
      generation: this.#generation++,
    });
    await this.#publisher.whenReady(this.#signal);
  }

  /** Ends the consumer by SIGKILL. */
  async killConsumer() {
    await this.#consumer?.kill();
  }

  /** Ends the publisher by SIGKILL. */
  async killPublisher() {
    await this.#publisher?.kill();
  }

  /** Drains the consumer under load and starts it again, in memory within its process. */
  async renewConsumer() {
    if (this.#broker === undefined) {
      await this.#consumer?.ask("renew-consumer", this.#signal);
      this.faultEnded();
      return;
    }
    await this.#consumer?.drain();
    this.faultEnded();
    await this.startConsumer();
  }

  async #whenSettled() {
    /** @type {Verdict | undefined} */
    let verdict;
    const missing = () => (verdict = this.verdict()).lost.filter((number) => !this.#mustDie(number));
    await until(() => missing().length === 0, {
      deadlineMs: settleMs,
      signal: this.#signal,
      whyNot: () => `${missing().length} confirmed messages were not handled`,
    });
    await until(
      async () => {
        this.#deadLetters = /** @type {number[]} */ (await this.#consumer?.ask("dead-letters", this.#signal));
        verdict = this.verdict();
        return verdict.lost.length === 0;
      },
      {
        deadlineMs: settleMs,
        signal: this.#signal,
        whyNot: () => `${verdict?.lost.length} messages did not become dead letters`,
      },
    );
  }

  /**
   * @param {() => boolean} condition
   * @param {string} problem
   */
  async #whenHandled(condition, problem) {
    await until(condition, { deadlineMs: recoveryMs, signal: this.#signal, whyNot: () => problem });
  }

  #handled() {
    return readHandled(join(this.folder, "handled"));
  }

  /** @param {number} number */
  #mustDie(number) {
    return this.#assignment.hasPoison && isPoison(number);
  }

  #brokerOrThrow() {
    if (this.#broker === undefined) {
      throw new Error("In memory there is no broker apart from the process.");
    }
    return this.#broker;
  }
}
