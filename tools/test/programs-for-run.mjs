import { isEverythingRequired, mayInstall, requiredBrokers } from "../brokers/environment.mjs";
import { brokerKind } from "../brokers/known-brokers.mjs";
import { providePrograms } from "../brokers/provide-programs.mjs";
import { provideChromium } from "../browser/provide-chromium.mjs";

/**
 * Finds, fetches or installs what suites start by themselves: servers of their own, and a browser. Doing it before them keeps it out of the
 * time that they have.
 *
 * @param {readonly string[]} names of brokers, or "chromium"
 * @param {(line: string) => void} log
 * @returns {Promise<{ failed: number }>} how many had to be there and are not
 */
export async function providePrivatePrograms(names, log) {
  const required = [...requiredBrokers(), ...(isEverythingRequired() ? ["chromium"] : [])];
  let failed = 0;
  for (const name of names) {
    const found =
      name === "chromium"
        ? await provideChromium(log)
        : await providePrograms(brokerKind(name), { allowed: mayInstall(), log });
    if ("skipped" in found && required.includes(name)) {
      failed += 1;
      log(`FAILED ${name} is required but skipped: ${found.skipped}`);
    } else if ("skipped" in found) {
      log(`SKIPPED ${name} and the suites that need it: ${found.skipped}`);
    } else if ("version" in found && found.version !== undefined) {
      log(`${name} ${found.version}, started by the suites that are about it`);
    }
  }
  return { failed };
}
