import { installPackages, planInstall } from "../brokers/debian-packages.mjs";
import { findProgram } from "../brokers/programs.mjs";

const names = ["chromium", "chromium-browser", "google-chrome"];

/**
 * Finds Chromium, and installs Debian's where that is allowed and possible.
 *
 * @param {(line: string) => void} log
 * @returns {Promise<{ path: string } | { skipped: string }>} why not and what to type, when it cannot be had
 */
export async function provideChromium(log) {
  const found = names.map((name) => findProgram(name)).find((path) => path !== undefined);
  if (found !== undefined) {
    return { path: found };
  }
  const plan = planInstall(["chromium"], process.env["BUSBAR_BROKERS"] !== "existing");
  if ("reason" in plan) {
    return { skipped: `Chromium is not installed and ${plan.reason}; try: ${plan.command}` };
  }
  await installPackages(plan.install, log);
  const path = findProgram("chromium");
  return path === undefined ? { skipped: "Chromium is still missing after installing it" } : { path };
}

/**
 * What Chromium is started with where nobody looks: no window, and no word to anybody but the page's own server.
 *
 * @type {readonly string[]}
 */
export const quietArguments = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
