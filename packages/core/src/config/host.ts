import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { hostname } from "node:os";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "./host-contract.ts";

const load = createRequire(import.meta.url);

/** Node: files, environment and modules. For browsers `host.browser.ts` takes its place (`imports` in package.json). */
export const host: Host = {
  surroundings: () => ({ environment: process.env, folder: process.cwd(), hostname: hostname() }),
  pathOf: (folder, name) => resolve(folder, name.startsWith("file:") ? fileURLToPath(name) : name),
  folderOf: dirname,
  shownName(path, folder) {
    const shown = relative(folder, path);
    return shown.startsWith("..") ? path : shown;
  },
  exists: existsSync,
  read: (path) => readFileSync(path, "utf8"),
  loadYaml: () => load("yaml") as typeof import("yaml"),
};
