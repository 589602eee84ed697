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

/** Runs the program with a handler that takes that long, and sends the signals some time after it has said so. */
async function run(takesMs: number, after: string, signals: readonly NodeJS.Signals[]): Promise<Ended> {
  const child = spawn(process.execPath, ["--conditions=@busbar/source", "--import", "tsx", program, String(takesMs)], {
    env: { ...process.env, TSX_TSCONFIG_PATH: tsconfig, NODE_OPTIONS: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exit = once(child, "exit");
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (line !== after) continue;
    for (const signal of signals) {
      // Two signals at once may be told as one.
      await new Promise((resolve) => setTimeout(resolve, 100));
      child.kill(signal);
    }
  }
  const [code] = (await exit) as [number | null];
  return { code, lines };
}

test("the first signal lets the handler finish, and the process ends by itself", async () => {
  expect(await run(500, "begun", ["SIGTERM"])).toEqual({ code: 0, lines: ["begun", "ended"] });
});

test.each([
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const)("a second %s ends the process at once with %d", async (signal, code) => {
  expect(await run(60_000, "begun", [signal, signal])).toEqual({ code, lines: ["begun"] });
});

test("the process stays until it is told to end, also where no connection keeps it", async () => {
  expect(await run(0, "ended", ["SIGINT"])).toEqual({ code: 0, lines: ["begun", "ended"] });
});
