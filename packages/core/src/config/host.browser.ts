import type { Host } from "./host-contract.ts";

const noFiles = Object.assign(new Error("A browser has no files; give connect() an object."), { code: "ENOENT" });

/** A browser: no files and no environment. */
export const host: Host = {
  // Every page is a process of its own, under a name that no other has.
  surroundings: () => ({ environment: {}, folder: "", hostname: `browser-${crypto.randomUUID().slice(0, 8)}` }),
  pathOf: (_folder, name) => name,
  folderOf: () => "",
  shownName: (path) => path,
  exists: () => false,
  read() {
    throw noFiles;
  },
  loadYaml() {
    throw noFiles;
  },
};
