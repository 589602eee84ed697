import { spawn } from "node:child_process";
import { measureProgram } from "./build.ts";
import type { Assignment, Measuring, Sample } from "./measurement.ts";

/** How long a measurement may take beyond the time that it measures, in milliseconds. */
const graceMs = 90_000;
/** How much of its output is shown when it fails. */
const shownOutput = 4000;

/**
 * Measures in a process of its own, so that no client disturbs another. What failed in it is what `measure` or `end` reject with, and nothing of
 * it runs then.
 */
export function startMeasuring(assignment: Assignment, signal: AbortSignal): Measuring {
  const name = `${assignment.workload} with ${assignment.client} on ${assignment.on}`;
  const child = spawn(process.execPath, ["--expose-gc", measureProgram, JSON.stringify(assignment)], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: withoutBusSettings(),
    // Out of the reach of Ctrl-C, which ends it in order.
    detached: process.platform !== "win32",
  });
  let output = "";
  let problem: Error | undefined;
  const stop = (reason: Error): void => {
    problem ??= reason;
    child.kill("SIGKILL");
  };
  const onAbort = (): void => stop(signal.reason as Error);
  signal.addEventListener("abort", onAbort);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-shownOutput)));
  }
  child.on("error", (error) => (problem ??= error));
  const ended = new Promise<void>((resolve, reject) => {
    child.once("close", (code) => {
      signal.removeEventListener("abort", onAbort);
      if (problem === undefined && code === 0) resolve();
      else reject(problem ?? new Error(`${name} ended with ${code}:\n${output}`));
    });
  });
  // Whoever asks is told; nobody has to.
  ended.catch(() => undefined);
  const inTime = async <T>(asked: "measure" | "end", answer: Promise<T>): Promise<T> => {
    const timer = setTimeout(
      () => stop(new Error(`${name} did not ${asked} in time.`)),
      assignment.warmUpMs + assignment.measureMs + graceMs,
    );
    // Where it cannot be told, it has ended.
    child.send(asked, () => undefined);
    return answer.finally(() => clearTimeout(timer));
  };
  return {
    measure: () =>
      inTime(
        "measure",
        new Promise<Sample>((resolve, reject) => {
          child.once("message", (message) => resolve(message as Sample));
          ended.then(() => reject(new Error(`${name} ended before it had measured.`)), reject);
        }),
      ),
    end: () => inTime("end", ended),
  };
}

/** Settings of a bus that may stand in the environment. */
function withoutBusSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^BUSBAR_(CONFIG|URL|SERVICE|INSTANCE)$/.test(name)),
  );
}
