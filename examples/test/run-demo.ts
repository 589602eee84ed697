import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

const main = fileURLToPath(new URL("../../tools/demo/main.mjs", import.meta.url));
const running = new Set<ChildProcess>();

/** What a demo wrote, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

afterAll(() => {
  for (const child of running) child.kill();
});

/** Runs the demo as a user would; `watch` sees what it has written so far. */
export async function demo(
  args: readonly string[],
  watch?: (output: string, child: ChildProcess) => void,
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      watch?.(output, child);
    });
  const [code] = (await once(child, "close")) as [number | null];
  running.delete(child);
  return { code, output };
}

/** The figures in a row of its report. */
export function row(output: string, name: string): string[] {
  const line = output.split("\n").find((each) => each.startsWith(name)) ?? "";
  return line.slice(name.length).trim().split(/\s+/);
}
