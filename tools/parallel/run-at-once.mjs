import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";

import { ownServersVariable } from "../conformance/own-server.mjs";
import { patienceVariable } from "../conformance/patience.mjs";
import { rootFolder } from "../test/root-folder.mjs";
import { totalsLine } from "../test/totals.mjs";
import { runSuites } from "../test/vitest-run.mjs";

/** @import { Totals } from "../test/totals.mjs" */

/**
 * Runs the conformance kit of one adapter several times at once, and resolves to the totals of each run. Says of each how it ended, and
 * which laws it found broken; what it printed stays in a file until the next time.
 *
 * @param {object} plan
 * @param {string} plan.adapter
 * @param {number} plan.times
 * @param {Record<string, string>} plan.urls variables with the URLs of brokers
 * @param {boolean} plan.hasOwnServers
 * @param {(line: string) => void} plan.log
 * @returns {Promise<Totals[]>}
 */
export async function runAtOnce({ adapter, times, urls, hasOwnServers, log }) {
  const folder = join(rootFolder, ".busbar", "parallel", adapter);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const ownServers = hasOwnServers ? {} : { [ownServersVariable]: "none" };
  return Promise.all(
    Array.from({ length: times }, async (_, index) => {
      const started = Date.now();
      const name = String(index + 1).padStart(2, "0");
      const certificates = join(folder, name);
      const output = openSync(join(folder, `${name}.log`), "w");
      const totals = await runSuites({
        projects: [adapter],
        vitestArgs: ["test/conformance.test.ts", "--reporter=verbose"],
        urls: {
          ...urls,
          ...ownServers,
          // They share the processors too: what is late is not what this is about.
          [patienceVariable]: String(Math.ceil(times / 2)),
          BUSBAR_TEST_CERTIFICATES: certificates,
        },
        output,
      }).finally(() => closeSync(output));
      const seconds = ((Date.now() - started) / 1_000).toFixed(0);
      log(`${adapter} ${name}: ${totalsLine(totals)} (${seconds} s)`);
      if (totals.failed > 0) {
        for (const line of brokenLaws(certificates)) {
          log(`  ${line}`);
        }
        log(`  see ${relative(process.cwd(), join(folder, `${name}.log`))}`);
      }
      return totals;
    }),
  );
}

/**
 * @param {string} certificates the folder with what the kit found
 * @returns {string[]}
 */
function brokenLaws(certificates) {
  const files = existsSync(certificates) ? readdirSync(certificates) : [];
  return files.flatMap((file) => {
    /** @type {{ results: { law: string, face: string, status: string, reason?: string }[] }} */
    const { results } = JSON.parse(readFileSync(join(certificates, file), "utf8"));
    return results
      .filter(({ status }) => status === "failed")
      .map(({ law, face, reason = "" }) => `${law} on the ${face}: ${reason.split("\n")[0]}`);
  });
}
