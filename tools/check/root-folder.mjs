import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder of the checkout that these files belong to, and that is checked.
 *
 * @type {string}
 */
export const rootFolder = resolve(fileURLToPath(new URL("../..", import.meta.url)));
