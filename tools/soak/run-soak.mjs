import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { checkoutFolder } from "../brokers/checkout.mjs";
import { startInstance } from "../brokers/index.mjs";
import { messageOf } from "../brokers/thrown.mjs";
import { Program } from "../demo/program.mjs";
import { waitUntil } from "../demo/wait-until.mjs";
import { keepResult } from "./kept-results.mjs";
import { parts } from "./part-names.mjs";
import { brokerOf } from "./soak-brokers.mjs";

/** @import { BrokerInstance } from "../brokers/broker-instance.mjs" */
/** @import { ProgressLine } from "../demo/progress-line.mjs" */
/** @import { Assignment, News } from "./assignment.mjs" */
/** @import { Result } from "./report.mjs" */

const programFile = fileURLToPath(new URL("program.mjs", import.meta.url));

/** How long a part may take: the million may be slow on a small machine, and stops by itself when nothing moves any more. */
const deadlineMs = 6 * 3_600_000;

/** How long its process may take to end after that, in milliseconds, before it is killed, which is a failure. */
const endMs = 30_000;

/**
 * What happens to all parts alike.
 *
 * @typedef {object} Conditions
 * @property {number} messages of the part flow
 * @property {number} seed of all random choices
 * @property {AbortSignal} signal stops the run
 * @property {ProgressLine} progress shows how far it is
 */

/**
 * Runs the parts on each of the brokers, one after the other and each in a process of its own, and resolves to what came out; a failure is a
 * result like any other. When it is stopped, it resolves to what there is by then. Nothing that was started is left.
 *
 * @param {Conditions & { on: readonly string[], names: readonly string[] }} order
 * @returns {Promise<{ results: Result[], versions: Record<string, string> }>}
 */
export async function runSoak({ on, names, ...conditions }) {
  const { signal, progress } = conditions;
  /** @type {Result[]} */
  const results = [];
  /** @type {Record<string, string>} */
  const versions = {};
  for (const protocol of on) {
    if (signal.aborted) {
      break;
    }
    /** @type {BrokerInstance | undefined} */
    let broker;
    try {
      const kind = brokerOf(protocol);
      if (kind !== undefined) {
        broker = await startInstance(kind, { label: "soak", log: (line) => progress.log(line) });
        versions[protocol] = `${broker.name} ${broker.version ?? "(version unknown)"}`;
        progress.log(`${protocol}: ${versions[protocol]}`);
      }
      for (const { name, title } of parts.filter((part) => names.includes(part.name))) {
        progress.log(`${protocol} ${name}: ${title} …`);
        const { messages, seed } = conditions;
        const url = broker?.url ?? "memory:";
        const result = await runPart({ part: name, protocol, url, messages, seed }, conditions);
        if (result === undefined) {
          break;
        }
        results.push(result);
        keepResult(result, { version: versions[protocol] ?? "", messages, seed });
      }
    } catch (error) {
      results.push({ protocol, part: "start", problems: [messageOf(error)] });
    } finally {
      await broker?.destroy();
    }
  }
  return { results, versions };
}

/**
 * @param {Assignment} assignment
 * @param {Conditions} conditions
 * @returns {Promise<Result | undefined>} `undefined` when it was stopped
 */
async function runPart(assignment, { signal, progress }) {
  const { part, protocol } = assignment;
  const name = `${protocol} ${part}`;
  const folder = join(checkoutFolder, ".busbar", "soak");
  mkdirSync(folder, { recursive: true });
  const logFile = join(folder, `${protocol}-${part}.log`);
  const started = Date.now();
  const program = new Program(name, ["--expose-gc", programFile, JSON.stringify(assignment)], {
    env: {},
    logFile,
    endsByItself: true,
  });
  const said = (/** @type {News["type"]} */ type) => program.said(type);
  progress.begin(name);
  program.onNews(() => {
    const text = said("progress")?.text;
    if (text !== undefined && said("outcome") === undefined) {
      progress.show(text);
    }
  });
  /** @type {string[]} */
  const problems = [];
  try {
    await waitUntil(() => said("outcome") !== undefined, {
      programs: [program],
      deadlineMs,
      signal,
      whyNot: () => "it takes too long",
    });
  } catch (error) {
    problems.push(messageOf(error));
  }
  try {
    await ended(program, problems.length > 0);
  } catch (error) {
    problems.push(messageOf(error));
  }
  if (signal.aborted) {
    return undefined;
  }
  const { figures, problems: own = [] } = said("outcome")?.outcome ?? {};
  problems.push(...own);
  if (problems.length > 0) {
    problems.push(`see ${relative(process.cwd(), logFile)}`);
  }
  const outcome = problems.length === 0 ? "every bound holds" : `FAILED: ${problems.join("; ")}`;
  progress.log(`${name}: ${outcome} (${((Date.now() - started) / 1_000).toFixed(0)} s)`);
  return { protocol, part, problems, ...(figures === undefined ? {} : { figures }) };
}

/**
 * Resolves when the program has ended. One that is done has to end by itself: what a bus left behind when it closed would keep it.
 *
 * @param {Program} program
 * @param {boolean} isUnfinished it is to be stopped
 */
async function ended(program, isUnfinished) {
  if (isUnfinished) {
    await program.stop();
    return;
  }
  const timer = setTimeout(() => program.kill(), endMs);
  try {
    await program.whenDone();
  } finally {
    clearTimeout(timer);
  }
}
