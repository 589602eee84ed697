import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { checkoutFolder } from "../tools/brokers/checkout.mjs";

/** The program that does one measurement, once it is built. */
export const measureProgram: string = join(checkoutFolder, ".busbar", "bench", "measure.js");

/**
 * Builds the packages as they would be published, and the programs that use them. What runs sources straight away names every function at
 * run time, which costs those most that make many.
 */
export async function build(): Promise<void> {
  await run("turbo", ["run", "build", "--output-logs=errors-only"]);
  await run("tsc", ["-p", join("bench", "tsconfig.json")]);
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const file = join(checkoutFolder, "node_modules", ".bin", program);
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
  try {
    await promisify(execFile)(file, args, { cwd: checkoutFolder, env });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
