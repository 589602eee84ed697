import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { CheckerError } from "../checker.mjs";
import { compilerFaults } from "../compiler-output.mjs";
import { rootFolder } from "../root-folder.mjs";
import { runProgram } from "../run-program.mjs";
import { unpackedPackages } from "../unpacked-packages.mjs";

/** @import { Checker } from "../checker.mjs" */

/**
 * Whether a strict TypeScript program of a user compiles against the packed packages, all their declarations looked into.
 *
 * @type {Checker}
 */
export const userTypes = {
  name: "user-types",
  about: "a user's program compiles against the packed packages",
  async run() {
    const { folder, entries } = await unpackedPackages();
    const lines = entries.map(({ specifier }, index) => `export * as entry${index} from "${specifier}";`);
    writeFileSync(join(folder, "program.ts"), `${lines.join("\n")}\n`);
    const options = {
      target: "es2023",
      lib: ["es2023", "esnext.disposable", "dom"],
      module: "nodenext",
      types: ["node"],
      strict: true,
    };
    const config = { files: ["program.ts"], compilerOptions: { ...options, noEmit: true, skipLibCheck: false } };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { code, stdout, stderr } = await runProgram(
      join(rootFolder, "node_modules", ".bin", "tsc"),
      ["--pretty", "false", "-p", "."],
      {
        cwd: folder,
      },
    );
    const all = compilerFaults(stdout);
    if (code !== 0 && all.length === 0) {
      throw new CheckerError("tsc did not check.", `${stdout}\n${stderr}`);
    }
    const faults = all.map((fault) => ({
      ...fault,
      where: (fault.where ?? "").replace(/^node_modules\/@busbar\//, "packages/"),
    }));
    return { seen: `${entries.length} entries`, faults };
  },
};
