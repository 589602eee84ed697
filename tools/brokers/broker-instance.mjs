import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { brokersFolder, ensureStateFolder } from "./checkout.mjs";
import { withFileLock } from "./file-lock.mjs";
import { chooseFreePorts } from "./free-ports.mjs";
import { allRecords, isAlive, removeInstance, writeRecord } from "./instance-record.mjs";
import { logTail } from "./log-tail.mjs";
import { endFamily, freezeFamily, markVariable, signalFamily } from "./process-family.mjs";
import { processIdentity } from "./process-identity.mjs";
import { whenReady } from "./readiness.mjs";
import { runToEnd } from "./run-to-end.mjs";
import { messageOf } from "./thrown.mjs";

/** @import { BrokerKind, ConfigChanges, Found, InstancePlace, Launch } from "./broker-kind.mjs" */
/** @import { InstanceRecord } from "./instance-record.mjs" */

const logName = "broker.log";

/**
 * One running broker with ports, data and processes of its own.
 */
export class BrokerInstance {
  /** @type {BrokerKind} */ #kind;
  /** @type {Launch} */ #launch;
  /** @type {InstanceRecord} */ #record;

  /**
   * @param {BrokerKind} kind
   * @param {Launch} launch
   * @param {InstanceRecord} record
   */
  constructor(kind, launch, record) {
    this.#kind = kind;
    this.#launch = launch;
    this.#record = record;
  }

  /**
   * Creates an instance in an empty folder, without starting it: ports are chosen and recorded, files are written.
   *
   * @param {BrokerKind} kind
   * @param {Found} found
   * @param {object} plan
   * @param {string} plan.folder must not exist
   * @param {InstanceRecord["owner"]} [plan.owner]
   * @param {ConfigChanges | ((place: InstancePlace) => ConfigChanges)} [plan.config]
   * @param {readonly string[]} [plan.extraPorts] names of further ports that the configuration needs
   * @param {Record<string, number>} [plan.preferredPorts]
   * @returns {Promise<BrokerInstance>}
   */
  static async create(kind, found, { folder, owner, config = {}, extraPorts = [], preferredPorts = {} }) {
    ensureStateFolder(brokersFolder);
    mkdirSync(dirname(folder), { recursive: true });
    mkdirSync(folder);
    const dataFolder = join(folder, "data");
    mkdirSync(dataFolder);
    const portNames = [...Object.keys(kind.endpoints), ...(kind.innerPorts ?? []), ...extraPorts];
    const base = { name: kind.name, folder, mark: randomUUID(), ...(owner === undefined ? {} : { owner }) };
    // What is promised to an instance that is not listening yet shows only in its record, so choosing and recording are one step.
    const record = await withFileLock(join(brokersFolder, "ports.lock"), async () => {
      const taken = new Set(allRecords().flatMap(({ ports }) => Object.values(ports)));
      const ports = await chooseFreePorts(portNames, { taken, preferred: preferredPorts });
      const promised = { ...base, ports, urls: {} };
      writeRecord(promised);
      return promised;
    });
    try {
      const { ports } = record;
      const place = { folder, dataFolder, ports };
      const changes = typeof config === "function" ? config(place) : config;
      const launch = kind.launch(place, found, changes);
      for (const [path, content] of Object.entries(launch.files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), content, { mode: 0o600 });
      }
      return new BrokerInstance(
        kind,
        { ...launch, env: { ...launch.env, ...changes.env } },
        {
          ...record,
          urls: Object.fromEntries(
            Object.entries(kind.endpoints)
              .filter(([name]) => changes.endpoints?.includes(name) !== false)
              .map(([name, { url }]) => [name, url(ports[name] ?? 0, changes.credentials)]),
          ),
          ...(found.version === undefined ? {} : { version: found.version }),
          ...(changes.credentials === undefined ? {} : { credentials: changes.credentials }),
        },
      );
    } catch (error) {
      await removeInstance(folder);
      throw error;
    }
  }

  /** The broker's name, as on the command line. */
  get name() {
    return this.#record.name;
  }

  /** The URL of the broker's main endpoint; the same over restarts. */
  get url() {
    return Object.values(this.#record.urls)[0] ?? "";
  }

  /** The URLs of all endpoints by name. */
  get urls() {
    return { ...this.#record.urls };
  }

  /** All ports by name, those of the broker's own business too. */
  get ports() {
    return { ...this.#record.ports };
  }

  /** The broker's version, as far as it tells one. */
  get version() {
    return this.#record.version;
  }

  /** The id of the leading process; `undefined` while stopped. */
  get pid() {
    return isAlive(this.#record) ? this.#record.pid : undefined;
  }

  /** The folder with its configuration and data. */
  get folder() {
    return this.#record.folder;
  }

  /** Where everything it writes is kept. */
  get logFile() {
    return join(this.folder, logName);
  }

  /**
   * Starts it on its ports and data and resolves when every endpoint answers.
   *
   * @param {{ timeoutMs?: number }} [options]
   * @returns {Promise<void>} rejects with the end of the log when it ends or does not answer in time; nothing runs then
   */
  async start({ timeoutMs = this.#kind.startTimeoutMs } = {}) {
    const env = { ...process.env, ...this.#launch.env, [markVariable]: this.#record.mark };
    const options = { cwd: this.folder, env };
    try {
      const { prepare } = this.#launch;
      if (prepare !== undefined && readdirSync(join(this.folder, "data")).length === 0) {
        await runToEnd(prepare.command, prepare.args, options);
      }
      this.#spawn(options);
      const { version } = await whenReady(this.#kind.endpoints, this.#record, {
        timeoutMs,
        isAlive: () => isAlive(this.#record),
      });
      this.#remember({ readyAt: new Date().toISOString(), ...(version === undefined ? {} : { version }) });
    } catch (error) {
      await this.stop({ signal: "SIGKILL" });
      throw new BrokerStartError(this.name, this.logFile, error);
    }
  }

  /**
   * Ends all its processes and keeps its ports and data.
   *
   * @param {{ signal?: NodeJS.Signals, timeoutMs?: number }} [options] `signal` SIGKILL loses what the broker has not written. Default SIGTERM
   * @returns {Promise<void>}
   */
  async stop({ signal = "SIGTERM", timeoutMs = this.#kind.stopTimeoutMs ?? 15_000 } = {}) {
    await endFamily({ mark: this.#record.mark, leader: this.pid, signal, timeoutMs });
  }

  /**
   * Stops it and starts it again on the same ports and data.
   *
   * @param {{ signal?: NodeJS.Signals, timeoutMs?: number }} [options] `timeoutMs` bounds the stop
   * @returns {Promise<void>}
   */
  async restart(options = {}) {
    await this.stop(options);
    await this.start();
  }

  /**
   * Freezes it: connections stay open and nothing is answered any more, until `resume`.
   */
  pause() {
    freezeFamily(this.#record.mark);
  }

  /** Lets it go on after `pause`. */
  resume() {
    signalFamily(this.#record.mark, "SIGCONT");
  }

  /**
   * Ends it and removes its data; nothing is left of it.
   *
   * @returns {Promise<void>}
   */
  async destroy() {
    await removeInstance(this.folder, { signal: "SIGKILL" });
  }

  /** @param {{ cwd: string, env: NodeJS.ProcessEnv }} options */
  #spawn(options) {
    const log = openSync(this.logFile, "a");
    // Leading a process group of its own lets it outlive this command and its terminal.
    const child = spawn(this.#launch.command, this.#launch.args, {
      ...options,
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    child.once("error", () => {
      // Without a process id the wait for readiness fails at once and tells.
    });
    child.unref();
    const { pid } = child;
    const identity = pid === undefined ? undefined : processIdentity(pid);
    this.#remember(pid === undefined || identity === undefined ? {} : { pid, identity });
  }

  /** @param {Partial<InstanceRecord>} news */
  #remember(news) {
    this.#record = { ...this.#record, ...news };
    writeRecord(this.#record);
  }
}

/** Says that a broker did not come up, with the end of what it wrote. */
export class BrokerStartError extends Error {
  /**
   * @param {string} broker
   * @param {string} logFile
   * @param {unknown} cause
   */
  constructor(broker, logFile, cause) {
    const tail = logTail(logFile);
    super(`${broker} did not start: ${messageOf(cause)}\nThe end of ${logFile}:\n${tail}`, { cause });
    this.name = "BrokerStartError";
    /** Whether the log says that another program took one of its ports. */
    this.isPortTaken = /address (already )?in use|eaddrinuse|another program answers/i.test(
      `${tail}${messageOf(cause)}`,
    );
  }
}
