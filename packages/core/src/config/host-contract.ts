import type { Environment } from "./variables.ts";

/** What the process brings along; a test brings its own. */
export interface Surroundings {
  readonly environment: Environment;
  /** The working directory. */
  readonly folder: string;
  readonly hostname: string;
}

/** What a configuration needs of what the program runs in. */
export interface Host {
  surroundings(): Surroundings;
  /** The whole path of a file; a relative name begins in the folder. */
  pathOf(folder: string, name: string): string;
  folderOf(path: string): string;
  /** A path as errors show it. */
  shownName(path: string, folder: string): string;
  exists(path: string): boolean;
  /** Throws where the file cannot be read. */
  read(path: string): string;
  /** The parser, loaded with the first file: most programs have none, or are given an object, and it is a quarter of what there is to load. */
  loadYaml(): typeof import("yaml");
}
