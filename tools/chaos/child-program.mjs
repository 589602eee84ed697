import { spawn } from "node:child_process";
import { createWriteStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { checkoutFolder } from "../brokers/checkout.mjs";
import { logTail } from "../brokers/log-tail.mjs";
import { sourceArguments, sourceEnvironment } from "../demo/run-source.mjs";

/** @import { Answer, Assignment, Question } from "./assignment.mjs" */

const programFile = fileURLToPath(new URL("program.mjs", import.meta.url));

/** How long a program may take to answer, in milliseconds: a publish that waits for its broker takes up to 30 s. */
const answerMs = 60_000;
/** How long it may take to end after SIGTERM, in milliseconds; the bus drains for 20 s at most. */
const drainMs = 40_000;

/** A publisher or a consumer in a process of its own. */
export class ChildProgram {
  #name;
  #child;
  #logFile;
  /** @type {Promise<string>} */
  #ended;
  /** @type {string | undefined} */
  #end;

  /** @param {Assignment} assignment */
  constructor(assignment) {
    this.#name = `the process "${assignment.name}"`;
    this.#logFile = join(assignment.folder, `${assignment.name}.log`);
    const log = createWriteStream(this.#logFile, { flags: "a" });
    this.#child = spawn(process.execPath, [...sourceArguments, programFile, JSON.stringify(assignment)], {
      cwd: checkoutFolder,
      env: sourceEnvironment({}),
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // In a group of its own, so that Ctrl-C reaches only the one that ends it in order.
      detached: process.platform !== "win32",
    });
    this.#child.stdout?.pipe(log, { end: false });
    this.#child.stderr?.pipe(log, { end: false });
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(error.message));
      this.#child.once("close", (code, signal) => log.end(() => resolve(signal ?? `exit code ${code}`)));
    }).then((end) => (this.#end = String(end)));
  }

  /**
   * Resolves when it publishes or receives.
   *
   * @param {AbortSignal} signal
   */
  async whenReady(signal) {
    await this.#hear("ready", signal);
  }

  /**
   * Asks and resolves to the answer; rejects when it ended, or does not answer in time.
   *
   * @param {Question} question
   * @param {AbortSignal} signal
   * @returns {Promise<unknown>}
   */
  ask(question, signal) {
    const answer = this.#hear(question, signal);
    if (this.#child.connected) {
      this.#child.send(question);
    }
    return answer;
  }

  /** Ends it by SIGTERM and resolves when it has drained; rejects when it did not end well or in time. */
  async drain() {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => void this.#child.kill("SIGKILL"), drainMs);
    const end = await this.#ended;
    clearTimeout(timer);
    if (end !== "exit code 0") {
      throw new Error(`${this.#name} did not drain within ${drainMs / 1_000} s and well: ${this.#tail()}`);
    }
  }

  /** Tells whether it has written this, under its name and since its scenario began. @param {string} text */
  hasWritten(text) {
    return readFileSync(this.#logFile, "utf8").includes(text);
  }

  /** Ends it by SIGKILL; resolves when it has ended. */
  async kill() {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /**
   * @param {Answer["type"]} type
   * @param {AbortSignal} signal
   * @returns {Promise<unknown>}
   */
  async #hear(type, signal) {
    const over = new AbortController();
    try {
      return await new Promise((resolve, reject) => {
        const hear = (/** @type {Answer} */ message) => {
          if (message.type === type) {
            resolve(message.value);
          }
        };
        const abort = () => reject(/** @type {Error} */ (signal.reason));
        const timer = setTimeout(
          () => reject(new Error(`${this.#name} did not say "${type}" in ${answerMs / 1_000} s: ${this.#tail()}`)),
          answerMs,
        );
        this.#child.on("message", hear);
        signal.addEventListener("abort", abort);
        over.signal.addEventListener("abort", () => {
          clearTimeout(timer);
          this.#child.off("message", hear);
          signal.removeEventListener("abort", abort);
        });
        if (signal.aborted) {
          abort();
        }
        void this.#ended.then(() => reject(new Error(`${this.#name} ended by itself: ${this.#tail()}`)));
      });
    } finally {
      over.abort();
    }
  }

  #tail() {
    return `${this.#end ?? "still running"}\n${logTail(this.#logFile)}`;
  }
}
