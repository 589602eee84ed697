import { spawn } from "node:child_process";
import { measureProgram } from "./build.ts";
import type { Assignment, Sample } from "./measurement.ts";

/** How long a measurement may take beyond the time that it measures, in milliseconds. */
const graceMs = 90_000;
/** How much of its output is shown when it fails. */
const shownOutput = 4000;

/**
 * Does one measurement in a process of its own, so that no client disturbs another, and resolves to its sample. Rejects with what it said
 * when it failed; nothing of it runs then.
 */
export function runMeasurement(assignment: Assignment, signal: AbortSignal): Promise<Sample> {
  const name = `${assignment.workload} with ${assignment.client} on ${assignment.on}`;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--expose-gc", measureProgram, JSON.stringify(assignment)], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: withoutBusSettings(),
      // Out of the reach of Ctrl-C, which ends it in order.
      detached: process.platform !== "win32",
    });
    let output = "";
    let sample: Sample | undefined;
    let problem: Error | undefined;
    const stop = (reason: Error): void => {
      problem ??= reason;
      child.kill("SIGKILL");
    };
    const onAbort = (): void => stop(signal.reason as Error);
    const timer = setTimeout(
      () => stop(new Error(`${name} did not end in time.`)),
      assignment.warmUpMs + assignment.measureMs + graceMs,
    );
    signal.addEventListener("abort", onAbort);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-shownOutput)));
    }
    child.on("message", (message) => (sample = message as Sample));
    child.once("error", (error) => (problem ??= error));
    child.once("close", (code) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      if (problem === undefined && sample !== undefined && code === 0) resolve(sample);
      else reject(problem ?? new Error(`${name} ended with ${code}:\n${output}`));
    });
  });
}

/** Settings of a bus that may stand in the environment. */
function withoutBusSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^BUSBAR_(CONFIG|URL|SERVICE|INSTANCE)$/.test(name)),
  );
}
