import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder of the checkout these files belong to; everything that is started is derived from it, so two clones never meet.
 *
 * @type {string}
 */
export const checkoutFolder = resolve(fileURLToPath(new URL("../..", import.meta.url)));

const stateFolder = join(checkoutFolder, ".busbar");

/**
 * Where the records, logs and data of running brokers live.
 *
 * @type {string}
 */
export const brokersFolder = join(stateFolder, "brokers");

/**
 * Where the private instances of tests live.
 *
 * @type {string}
 */
export const ephemeralFolder = join(brokersFolder, "ephemeral");

/**
 * Where fetched programs are kept; unlike the rest it outlives `down`.
 *
 * @type {string}
 */
export const downloadsFolder = join(stateFolder, "downloads");

/** Creates a folder below the state folder and keeps all of it out of version control. */
export function ensureStateFolder(/** @type {string} */ folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(stateFolder, ".gitignore"), "*\n");
}
