import { downloadsFolder, ensureStateFolder } from "./checkout.mjs";
import { installPackages, planInstall } from "./debian-packages.mjs";
import { messageOf } from "./thrown.mjs";

/** @import { BrokerKind, Found } from "./broker-kind.mjs" */

/**
 * Finds the programs of a broker, and installs or fetches what is missing where that is allowed and possible.
 *
 * @param {BrokerKind} kind
 * @param {object} options
 * @param {boolean} options.allowed whether anything may be installed or fetched
 * @param {(line: string) => void} options.log
 * @returns {Promise<Found | { skipped: string }>} why not and what to type, when it cannot be had
 */
export async function providePrograms(kind, { allowed, log }) {
  if (process.platform === "win32") {
    return { skipped: "brokers are started on Linux and macOS only; name a running one in the environment" };
  }
  /** @type {Set<string>} */
  const tried = new Set();
  for (;;) {
    const located = await kind.locate();
    if ("tools" in located) {
      return located;
    }
    const { missing, packages = [], download } = located;
    if (tried.has(missing)) {
      return { skipped: `${missing} is still missing after installing it` };
    }
    tried.add(missing);
    if (download !== undefined) {
      if (!allowed) {
        return {
          skipped: `${missing} are not there, and BUSBAR_BROKERS=existing forbids fetching them; without it: npm run brokers -- up ${kind.name}`,
        };
      }
      ensureStateFolder(downloadsFolder);
      const failure = await failureOf(() => download(log));
      if (failure !== undefined) {
        return { skipped: `fetching ${missing} failed: ${failure}` };
      }
      continue;
    }
    const plan = planInstall(packages, allowed);
    if ("reason" in plan) {
      return { skipped: `${missing} is not installed and ${plan.reason}; try: ${plan.command}` };
    }
    const failure = await failureOf(() => installPackages(plan.install, log));
    if (failure !== undefined) {
      return { skipped: `installing ${plan.install.join(", ")} failed: ${failure}` };
    }
  }
}

/** @param {() => Promise<void>} work */
async function failureOf(work) {
  try {
    await work();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
