import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { rootFolder } from "../root-folder.mjs";

/** @import { Checker, Fault } from "../checker.mjs" */

/** Each adapter, which has a page of its name. */
const adapters = ["amqp", "kafka", "mqtt", "nats", "redis"];

const headings = [
  "What you get",
  "How the promises are kept",
  "Names",
  "On the wire",
  "Options",
  "What the broker itself loses",
  "Limits",
  "What the conformance kit found",
];

/** What every adapter takes. */
const common = [
  "url",
  "credentials",
  "tls",
  "passphrase",
  "servername",
  "rejectUnauthorized",
  "clientName",
  "connectTimeoutMs",
];

/**
 * The page of each broker: the same headings, and every option with what it is unless told otherwise and an example.
 *
 * @type {Checker}
 */
export const brokerPages = {
  name: "broker-pages",
  about: "pages of docs/brokers with other headings, or without an option, its default or its example",
  run() {
    const faults = adapters.flatMap((name) => faultsOf(name));
    return Promise.resolve({ seen: `${adapters.length} pages`, faults });
  },
};

/**
 * @param {string} name
 * @returns {Fault[]}
 */
function faultsOf(name) {
  const where = `docs/brokers/${name}.md`;
  const page = readFileSync(join(rootFolder, where), "utf8");
  /** @type {Fault[]} */
  const faults = [];
  const found = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  if (found.join() !== headings.join()) {
    faults.push({ rule: "broker-pages", where, what: `its headings are ${found.join(", ")}` });
  }
  if (!page.split("\n", 1)[0]?.endsWith(` (\`@busbar/${name}\`)`)) {
    faults.push({ rule: "broker-pages", where, what: "its title does not name its package" });
  }
  const rows = rowsOf(page);
  for (const option of [...common, ...nativeOptionsOf(name)]) {
    const row = rows.find(({ names }) => names.includes(option));
    if (row === undefined) {
      faults.push({ rule: "broker-pages", where, what: `the option ${option} is not in the table` });
    } else if (row.cells.length !== 4 || row.cells[1] === "" || row.cells[3] === "") {
      faults.push({ rule: "broker-pages", where, what: `the option ${option} has no default, unit or example` });
    }
  }
  return faults;
}

/**
 * The rows of the table of options, with the last words of the names in their first cells.
 *
 * @param {string} page
 */
function rowsOf(page) {
  const options = page.split(/^## /m).find((part) => part.startsWith("Options")) ?? "";
  return [...options.matchAll(/^\| (`.*) \|$/gm)].map(([, row = ""]) => {
    const cells = row.split("|").map((cell) => cell.trim());
    const names = [...(cells[0] ?? "").matchAll(/`([^`]+)`/g)].flatMap(([, name = ""]) => name.split("."));
    return { names, cells };
  });
}

/**
 * The names in the adapter's interface of native options.
 *
 * @param {string} adapter
 * @returns {string[]}
 */
function nativeOptionsOf(adapter) {
  const files = ["native-options.ts", "options.ts"].map((file) => join(rootFolder, "packages", adapter, "src", file));
  for (const file of files) {
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    const body = /^export interface \w+Native\w* \{\n([^]*?)^\}/m.exec(text)?.[1];
    if (body !== undefined) {
      return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name = ""]) => name);
    }
  }
  return [];
}
