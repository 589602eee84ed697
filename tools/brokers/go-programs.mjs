import { chmodSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { completeFolder } from "./complete-folder.mjs";
import { outputOf } from "./programs.mjs";
import { runToEnd } from "./run-to-end.mjs";

/**
 * Builds a program from its Go module into the target folder, unless it is there. Takes a minute or two. A Go that is
 * too old for it fetches one that is not, which is a module too.
 *
 * @param {object} order
 * @param {string} order.go path of the program
 * @param {string} order.needs the version of Go that builds it, such as `1.26.8`
 * @param {string} order.program `module@version`
 * @param {string} order.target
 * @param {(line: string) => void} order.log
 * @returns {Promise<void>}
 */
export function installGoProgram({ go, needs, program, target, log }) {
  return completeFolder(
    target,
    async (folder) => {
      const builder = minorOf(outputOf(go, ["version"])) < minorOf(`go${needs}`) ? await newerGo(go, needs, log) : go;
      log(`building ${program} (go) …`);
      const { GOROOT: _, ...env } = process.env;
      await runToEnd(builder, ["install", program], { env: { ...env, GOBIN: folder, GOTOOLCHAIN: "local" } });
    },
    log,
  );
}

/**
 * @param {string} go
 * @param {string} version
 * @param {(line: string) => void} log
 */
async function newerGo(go, version, log) {
  log(`fetching Go ${version} (go) …`);
  const platform = ["GOHOSTOS", "GOHOSTARCH"].map((name) => outputOf(go, ["env", name]).trim());
  const toolchain = `golang.org/toolchain@v0.0.1-go${version}.${platform.join("-")}`;
  await runToEnd(go, ["mod", "download", toolchain]);
  const root = JSON.parse(outputOf(go, ["mod", "download", "-json", toolchain])).Dir;
  // A module cannot say what of it is a program.
  for (const folder of [join(root, "bin"), join(root, "pkg", "tool", platform.join("_"))]) {
    for (const file of readdirSync(folder)) {
      chmodSync(join(folder, file), 0o755);
    }
  }
  return join(root, "bin", "go");
}

/** @param {string} words */
function minorOf(words) {
  return Number(/go1\.(\d+)/.exec(words)?.[1] ?? 0);
}
