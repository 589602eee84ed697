import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";

import { checkoutFolder } from "../brokers/checkout.mjs";
import { logTail } from "../brokers/log-tail.mjs";
import { sourceArguments, sourceEnvironment } from "./run-source.mjs";

/** How long a program may take to drain after SIGTERM, in milliseconds, before it is killed. */
const drainMs = 30_000;

/** A program of an example in a process of its own, which tells by messages how far it is. */
export class Program {
  /** The last message of each type. @type {Map<string, any>} */
  #said = new Map();
  /** @type {Set<() => void>} */
  #listeners = new Set();
  #name;
  #logFile;
  #child;
  #endsByItself;
  #stopping = false;
  /** @type {Promise<void>} */
  #ended;
  /** @type {string | undefined} */
  #end;

  /**
   * @param {string} name as people know it
   * @param {readonly string[]} command the file and its arguments
   * @param {object} options
   * @param {Record<string, string>} options.env variables for it
   * @param {string} options.logFile for all it prints
   * @param {boolean} [options.endsByItself] without being stopped, when its work is done. Default false
   */
  constructor(name, command, { env, logFile, endsByItself = false }) {
    this.#name = name;
    this.#endsByItself = endsByItself;
    this.#logFile = logFile;
    const log = createWriteStream(logFile);
    this.#child = spawn(process.execPath, [...sourceArguments, ...command], {
      cwd: checkoutFolder,
      env: sourceEnvironment(env),
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // In a group of its own, so that Ctrl-C reaches the demo alone, which then stops its programs in order.
      detached: process.platform !== "win32",
    });
    this.#child.stdout?.pipe(log, { end: false });
    this.#child.stderr?.pipe(log, { end: false });
    this.#child.on("message", (/** @type {any} */ message) => {
      this.#said.set(message.type, message);
      this.#tell();
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(error.message));
      this.#child.once("close", (code, signal) => log.end(() => resolve(signal ?? `exit code ${code}`)));
    }).then((/** @type {string} */ end) => {
      this.#end = end;
      this.#tell();
    });
  }

  /**
   * The last message of a type, or `undefined`.
   *
   * @param {string} type
   */
  said(type) {
    return this.#said.get(type);
  }

  /**
   * Calls the listener after every message and at the end.
   *
   * @param {() => void} listener
   */
  onNews(listener) {
    this.#listeners.add(listener);
  }

  /** Throws with the end of its log when the program has ended although it should not have. */
  assertRuns() {
    const isExpected = this.#stopping || (this.#endsByItself && this.#end === "exit code 0");
    if (this.#end !== undefined && !isExpected) {
      throw new Error(`${this.#name} ended with ${this.#end}. The end of its log:\n${logTail(this.#logFile)}`);
    }
  }

  /** Sends SIGTERM; resolves when the program has drained and ended, rejects when it did not do so well. */
  async stop() {
    if (this.#end !== undefined) {
      return;
    }
    this.#stopping = true;
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), drainMs);
    await this.#ended;
    clearTimeout(timer);
    if (this.#end !== "exit code 0") {
      throw new Error(`${this.#name} did not stop well: ${this.#end}. The end of its log:\n${logTail(this.#logFile)}`);
    }
  }

  /** Ends it at once, without a drain. */
  kill() {
    this.#child.kill("SIGKILL");
  }

  /** Resolves when it has ended by itself, rejects with the end of its log when not well. */
  async whenDone() {
    await this.#ended;
    if (this.#end !== "exit code 0") {
      throw new Error(`${this.#name} ended with ${this.#end}. The end of its log:\n${logTail(this.#logFile)}`);
    }
  }

  #tell() {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
