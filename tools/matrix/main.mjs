#!/usr/bin/env node
import { parseArgs } from "node:util";

import { messageOf } from "../brokers/thrown.mjs";
import { certificatesFolder, keepCertificates, readCertificates } from "./certificates.mjs";
import { driftBetween } from "./drift.mjs";
import { changedPages, writePages } from "./pages.mjs";

const help = `Usage: npm run matrix [-- --from <folder>] [-- --check [--against <folder>]]

Writes the tables of what each broker can do into README.md and docs/brokers, from the certificates in docs/certificates.

  --from <folder>     first keeps the certificates of that folder; they are made by
                      BUSBAR_TEST_CERTIFICATES=<folder> npm test
  --check             writes nothing, and fails where the pages are not what the certificates say
  --against <folder>  with --check: fails as well where the certificates there say something else than those that are kept
  --help              prints this
`;

process.exitCode = main(process.argv.slice(2));

/** @param {readonly string[]} args */
function main(args) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        from: { type: "string" },
        check: { type: "boolean", default: false },
        against: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      process.stdout.write(help);
      return 0;
    }
    if (values.check ? values.from !== undefined : values.against !== undefined) {
      throw new Error("--check goes with --against, and without it there is --from.");
    }
    return values.check ? check(values.against) : write(values.from);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${help}`);
    return 2;
  }
}

/** @param {string | undefined} from */
function write(from) {
  if (from !== undefined) {
    keepCertificates(readCertificates(from));
  }
  const changed = changedPages(readCertificates(certificatesFolder));
  writePages(changed);
  process.stdout.write(
    changed.length === 0 ? "The pages say what the certificates say.\n" : `Wrote ${paths(changed)}.\n`,
  );
  return 0;
}

/** @param {string | undefined} against */
function check(against) {
  const kept = readCertificates(certificatesFolder);
  const changed = changedPages(kept);
  const problems = [
    ...(changed.length === 0 ? [] : [`${paths(changed)}: not what the certificates say. Run npm run matrix.`]),
    ...(against === undefined ? [] : driftBetween(kept, readCertificates(against))),
  ];
  if (problems.length === 0) {
    process.stdout.write("The pages and the certificates say the same.\n");
    return 0;
  }
  process.stdout.write(`${problems.join("\n")}\n`);
  if (against !== undefined) {
    process.stdout.write(`If that is what you want: npm run matrix -- --from ${against}\n`);
  }
  return 1;
}

/** @param {readonly { path: string }[]} pages */
function paths(pages) {
  return pages.map(({ path }) => path).join(", ");
}
