import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { checkoutFolder } from "../tools/brokers/checkout.mjs";

const source = join(checkoutFolder, "bench", "peers");
const folder = join(checkoutFolder, ".busbar", "peers");
const done = join(folder, "installed.json");

/** Installs the peers into a folder of their own, unless they are there; nothing of them is ever seen by the bus. */
export async function installPeers(log: (line: string) => void): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const name of ["nest.mjs", "moleculer.mjs", "package.json"])
    copyFileSync(join(source, name), join(folder, name));
  const wanted = readFileSync(join(source, "package.json"), "utf8");
  if (existsSync(done) && readFileSync(done, "utf8") === wanted) return;
  log("Installing the peers …");
  await promisify(execFile)("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock"], {
    cwd: folder,
    shell: process.platform === "win32",
  });
  writeFileSync(done, wanted);
}
