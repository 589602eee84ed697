import { buildPackages } from "../build-packages.mjs";

/** @import { Checker } from "../checker.mjs" */

/**
 * Every package as it is published, with declarations.
 *
 * @type {Checker}
 */
export const build = {
  name: "build",
  about: "turbo run build: every package with its declarations",
  run: buildPackages,
};
