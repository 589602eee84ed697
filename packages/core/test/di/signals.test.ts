import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const program = fileURLToPath(new URL("signal-program.ts", import.meta.url));
const tsconfig = fileURLToPath(new URL("../../../../tsconfig.check.json", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly lines: readonly string[];
}

/** Runs the program with a handler that takes that long, and sends a signal when it has said so, and the next when it has been told of the one before. */
async function run(takesMs: number, after: string, signals: readonly NodeJS.Signals[]): Promise<Ended> {
  const child = spawn(process.execPath, ["--conditions=@busbar/source", "--import", "tsx", program, String(takesMs)], {
    env: { ...process.env, TSX_TSCONFIG_PATH: tsconfig, NODE_OPTIONS: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exit = once(child, "exit");
  const lines: string[] = [];
  const left = [...signals];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    // Two signals at once may be told as one.
    const next = line === after || line === "told" ? left.shift() : undefined;
    // It has nothing to do any more: that it is still there a while later is what is tried.
    if (line === "ended" && next !== undefined) await new Promise((resolve) => setTimeout(resolve, 100));
    if (next !== undefined) child.kill(next);
  }
  const [code] = (await exit) as [number | null];
  return { code, lines };
}

test("the first signal lets the handler finish, and the process ends by itself", async () => {
  expect(await run(500, "begun", ["SIGTERM"])).toEqual({ code: 0, lines: ["begun", "told", "ended"] });
});

test.each([
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const)("a second %s ends the process at once with %d", async (signal, code) => {
  expect(await run(60_000, "begun", [signal, signal])).toEqual({ code, lines: ["begun", "told"] });
});

test("the process stays until it is told to end, also where no connection keeps it", async () => {
  expect(await run(0, "ended", ["SIGINT"])).toEqual({ code: 0, lines: ["begun", "ended", "told"] });
});
