#!/usr/bin/env node
import { checkoutFolder } from "../brokers/checkout.mjs";
import { installMissing } from "../demo/install-missing.mjs";
import { runSource } from "../demo/run-source.mjs";

const help = `Usage: npm run test:mutants [-- <word>…]

Breaks the broker in memory and the pipeline over it on purpose, each time in one way, and looks whether the conformance kit notices:
each mutant has to be killed by the assertion of the law that is made for it, never by a time-out.

  <word>       only mutants with the word in their name, or that break the law of this id, such as C6
  --help, -h   prints this

Needs no broker. The last line counts the mutants; the exit code is 0 only when every one of them was killed.
`;

const words = process.argv.slice(2);
const unknown = words.find((word) => word.startsWith("-") && word !== "--help" && word !== "-h");
if (unknown !== undefined) {
  process.stderr.write(`There is no option ${unknown}.\n\n${help}`);
  process.exitCode = 2;
} else if (words.length > 0 && words.every((word) => word.startsWith("-"))) {
  process.stdout.write(help);
} else {
  installMissing(checkoutFolder, (line) => process.stderr.write(`${line}\n`));
  process.exitCode = await runSource(["packages/testing/test/mutants/program.ts", ...words], {});
}
