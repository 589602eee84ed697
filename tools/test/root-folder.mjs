import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder of the checkout whose tests are run.
 *
 * @type {string}
 */
export const rootFolder = resolve(fileURLToPath(new URL("../..", import.meta.url)));
