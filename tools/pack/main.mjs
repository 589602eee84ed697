#!/usr/bin/env node
import { mkdirSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

import { buildPackages } from "../check/build-packages.mjs";
import { rootFolder } from "../check/root-folder.mjs";
import { pack } from "./pack.mjs";

const help = `Usage: npm run pack [-- --to <folder>]

Builds the packages and packs each as it is published: publish these tarballs (npm publish <tarball>), not the folders, which lead to sources
that are not published.

  --to <folder>   where they go; .busbar/packed without it
  --help          prints this
`;

const { values } = parseArgs({ options: { to: { type: "string" }, help: { type: "boolean", short: "h" } } });
if (values.help === true) process.stdout.write(help);
else process.exitCode = await main(resolve(rootFolder, values.to ?? ".busbar/packed"));

/** @param {string} folder */
async function main(folder) {
  const { faults } = await buildPackages();
  for (const { what } of faults) console.error(what);
  if (faults.length > 0) return 1;
  mkdirSync(folder, { recursive: true });
  for (const tarball of (await pack(folder)).values())
    console.log(`${tarball}  ${Math.round(statSync(tarball).size / 1024)} KiB`);
  return 0;
}
