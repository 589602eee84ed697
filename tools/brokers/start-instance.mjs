import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { BrokerInstance } from "./broker-instance.mjs";
import { ephemeralFolder } from "./checkout.mjs";
import { mayInstall, requiredBrokers } from "./environment.mjs";
import { sweepOrphans } from "./instance-record.mjs";
import { brokerKind } from "./known-brokers.mjs";
import { processIdentity } from "./process-identity.mjs";
import { providePrograms } from "./provide-programs.mjs";

/** @import { ConfigChanges, InstancePlace } from "./broker-kind.mjs" */

/**
 * How one instance is to be.
 *
 * @typedef {object} InstancePlan
 * @property {string} [label] shown in the folder's name, to tell instances apart
 * @property {ConfigChanges | ((place: InstancePlace) => ConfigChanges)} [config] what to change in its configuration
 * @property {readonly string[]} [extraPorts] names of further ports for that configuration
 */

/**
 * @typedef {object} StartOptions
 * @property {(line: string) => void} [log]
 * @property {NodeJS.ProcessEnv} [env]
 */

/**
 * Starts a private broker for this process alone, which may restart, freeze and end it, and resolves when it answers. It and its
 * data are gone at the latest when this process is, however that ends.
 *
 * @param {string} name
 * @param {InstancePlan & StartOptions} [options]
 * @returns {Promise<BrokerInstance>} rejects with an InstanceUnavailableError when its programs cannot be had here and
 *   `BUSBAR_REQUIRE_BROKERS` does not ask for it, with a BrokerStartError when it does not come up
 */
export async function startInstance(name, { log, env, ...plan } = {}) {
  const [instance] = await startInstances(name, [plan], { ...(log && { log }), ...(env && { env }) });
  return /** @type {BrokerInstance} */ (instance);
}

/**
 * Starts several such brokers that are one to their clients. Their ports are chosen and their files written one after the other, so that the `config`
 * of the first may promise ports to the others; then all are started at once, since none of them may answer before most are there.
 *
 * @param {string} name
 * @param {readonly InstancePlan[]} plans
 * @param {StartOptions} [options]
 * @returns {Promise<BrokerInstance[]>} in the order of their plans; rejects as `startInstance` does, and then none is left
 */
export async function startInstances(name, plans, { log = () => {}, env = process.env } = {}) {
  const kind = brokerKind(name);
  await sweepOrphans(log);
  const found = await providePrograms(kind, { allowed: mayInstall(env), log });
  if ("skipped" in found) {
    if (requiredBrokers(env).includes(name)) {
      throw new Error(`${name} is required but cannot be had: ${found.skipped}`);
    }
    throw new InstanceUnavailableError(name, found.skipped);
  }
  guardInstances();
  const owner = { pid: process.pid, identity: processIdentity(process.pid) };
  /** @type {BrokerInstance[]} */
  const instances = [];
  try {
    for (const { label = "private", config = {}, extraPorts = [] } of plans) {
      const folder = join(ephemeralFolder, `${name}-${label}-${randomBytes(3).toString("hex")}`);
      instances.push(await BrokerInstance.create(kind, found, { folder, owner, config, extraPorts }));
    }
    const starts = await Promise.allSettled(instances.map((instance) => instance.start()));
    const failure = starts.find((start) => start.status === "rejected");
    if (failure !== undefined) {
      throw failure.reason;
    }
    return instances;
  } catch (error) {
    if (instances.length > 1) {
      await Promise.all(instances.map((instance) => instance.destroy()));
    }
    throw error;
  }
}

/**
 * Tells whether a private instance of the broker could be started here without installing anything. One that is required is always said to,
 * so that whoever leaves something out where it cannot be had fails instead, with the reason.
 *
 * @param {string} name
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<boolean>}
 */
export async function canStartInstance(name, env = process.env) {
  return requiredBrokers(env).includes(name) || "tools" in (await brokerKind(name).locate());
}

/** Says that the programs of a broker cannot be had on this machine. */
export class InstanceUnavailableError extends Error {
  /**
   * @param {string} broker
   * @param {string} reason
   */
  constructor(broker, reason) {
    super(`No private ${broker} can be started: ${reason}`);
    this.name = "InstanceUnavailableError";
    this.reason = reason;
  }
}

let guarded = false;

/**
 * Starts, once for this process, a shell that waits for its end, which closes the pipe between them, and then removes what is left.
 */
function guardInstances() {
  if (guarded) {
    return;
  }
  guarded = true;
  const script = fileURLToPath(new URL("sweep-after-owner.mjs", import.meta.url));
  const waitThenSweep = 'read -r _; for left in "$3"/*; do [ -e "$left" ] && exec "$0" "$1" "$2"; done';
  const child = spawn(
    "/bin/sh",
    ["-c", waitThenSweep, process.execPath, script, String(process.pid), ephemeralFolder],
    {
      cwd: "/",
      // Loaders of this process may not be found from there, and the sweep needs none.
      env: { ...process.env, NODE_OPTIONS: "" },
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    },
  );
  child.unref();
  /** @type {import("node:net").Socket} */ (child.stdin).unref();
}
