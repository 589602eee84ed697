import { readdirSync } from "node:fs";

import { withFileLock } from "./file-lock.mjs";
import { withServicesHeldBack } from "./policy-rc-d.mjs";
import { findProgram } from "./programs.mjs";
import { runToEnd } from "./run-to-end.mjs";

/** Where the same thing is called differently by Homebrew. */
const brewNames = new Map([
  ["rabbitmq-server", "rabbitmq"],
  ["default-jre-headless", "openjdk"],
]);

/** One installation at a time on this machine, over all checkouts: each replaces the same policy file. */
const machineLock = "/run/busbar-packages.lock";

/**
 * @typedef {object} Machine
 * @property {NodeJS.Platform} platform as Node names it
 * @property {boolean} isRoot whether this process may install
 * @property {boolean} hasApt whether it is Debian or one of its relatives
 */

/**
 * Decides, without doing anything, whether packages are installed here or what a person has to type instead.
 *
 * @param {readonly string[]} packages by their Debian names
 * @param {boolean} allowed
 * @param {Machine} [machine]
 * @returns {{ install: readonly string[] } | { reason: string, command: string }}
 */
export function planInstall(packages, allowed, machine = thisMachine()) {
  if (!machine.hasApt) {
    const names = packages.map((name) => brewNames.get(name) ?? name).join(" ");
    return machine.platform === "darwin"
      ? { reason: "installing by itself is for Debian only", command: `brew install ${names}` }
      : {
          reason: "installing by itself is for Debian only",
          command: `the package manager of this system, for what Debian calls ${packages.join(", ")}`,
        };
  }
  const command = `${machine.isRoot ? "" : "sudo "}${aptInstall(packages).join(" ")}`;
  if (!allowed) {
    return { reason: "BUSBAR_BROKERS=existing forbids installing it", command };
  }
  return machine.isRoot ? { install: packages } : { reason: "only root can install it", command };
}

/**
 * Installs Debian packages without starting any of their services.
 *
 * @param {readonly string[]} packages
 * @param {(line: string) => void} log
 * @returns {Promise<void>} rejects with the end of what apt-get wrote
 */
export function installPackages(packages, log) {
  return withFileLock(
    machineLock,
    () =>
      withServicesHeldBack(async () => {
        log(`installing ${packages.join(", ")} (apt) …`);
        let updated = false;
        if (!hasPackageLists()) {
          await apt(["apt-get", "update"]);
          updated = true;
        }
        try {
          await apt(aptInstall(packages));
        } catch (error) {
          if (updated) {
            throw error;
          }
          log(`installing ${packages.join(", ")} failed, trying once more with fresh package lists …`);
          await apt(["apt-get", "update"]);
          await apt(aptInstall(packages));
        }
      }),
    { onWait: (pid) => log(`waiting for process ${pid}, which is installing packages …`) },
  );
}

/** @returns {Machine} */
function thisMachine() {
  return {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    hasApt: findProgram("apt-get") !== undefined && findProgram("dpkg") !== undefined,
  };
}

/** @param {readonly string[]} packages */
function aptInstall(packages) {
  return ["apt-get", "install", "-y", "--no-install-recommends", ...packages];
}

/** @param {readonly string[]} command */
function apt([program = "apt-get", ...args]) {
  return runToEnd(program, ["-q", "-o", "DPkg::Lock::Timeout=600", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
}

function hasPackageLists() {
  try {
    return readdirSync("/var/lib/apt/lists").some((name) => name.includes("_Packages"));
  } catch {
    return false;
  }
}
