import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

import { checkoutFolder } from "../brokers/checkout.mjs";

/** @import { Result } from "./report.mjs" */

/**
 * A result with what it depends on.
 *
 * @typedef {Result & { version: string, messages: number, seed: number, node: string, cores: number }} KeptResult
 */

const folder = join(checkoutFolder, ".busbar", "soak", "results");

/**
 * Keeps what came out of a part on a broker, in place of what came out there before.
 *
 * @param {Result} result
 * @param {{ version: string, messages: number, seed: number }} made of which broker, and how it was ordered
 */
export function keepResult(result, { version, messages, seed }) {
  mkdirSync(folder, { recursive: true });
  /** @type {KeptResult} */
  const kept = { ...result, version, messages, seed, node: process.versions.node, cores: availableParallelism() };
  writeFileSync(join(folder, `${result.protocol}-${result.part}.json`), `${JSON.stringify(kept, null, 2)}\n`);
}

/**
 * Reads the last result of each part on each broker.
 *
 * @returns {KeptResult[]}
 */
export function keptResults() {
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
}
