import { relative } from "node:path";

import { messageOf } from "../brokers/thrown.mjs";
import { ChaosBroker } from "./chaos-broker.mjs";
import { scenarios } from "./scenarios.mjs";
import { Stage } from "./stage.mjs";

/** @import { Result } from "./report.mjs" */
/** @import { Scenario } from "./scenarios.mjs" */

/**
 * What happens to all scenarios alike.
 *
 * @typedef {object} Conditions
 * @property {number} seconds of each
 * @property {number} seed of all random choices
 * @property {AbortSignal} signal stops the run
 * @property {(line: string) => void} log what happens
 */

/**
 * Runs the scenarios on each of the brokers, one after the other, and resolves to what came out of each; a failure is a result
 * like any other. When it is stopped, it resolves to what there is by then. Nothing that was started is left.
 *
 * @param {Conditions & { on: readonly string[], names: readonly string[] }} order
 * @returns {Promise<{ results: Result[], versions: Record<string, string> }>}
 */
export async function runChaos({ on, names, ...conditions }) {
  /** @type {Result[]} */
  const results = [];
  /** @type {Record<string, string>} */
  const versions = {};
  for (const protocol of on) {
    const chosen = scenarios.filter(
      ({ name, isInMemory }) => names.includes(name) && (protocol !== "memory" || isInMemory === true),
    );
    if (chosen.length === 0 || conditions.signal.aborted) {
      continue;
    }
    /** @type {ChaosBroker | undefined} */
    let broker;
    try {
      broker = protocol === "memory" ? undefined : await ChaosBroker.start(protocol, conditions.log);
      if (broker !== undefined) {
        versions[protocol] = broker.version;
        conditions.log(`${protocol}: ${broker.version}`);
      }
      for (const scenario of chosen) {
        const result = await runScenario(protocol, broker, scenario, conditions);
        if (result === undefined) {
          break;
        }
        results.push(result);
      }
    } catch (error) {
      results.push({ protocol, scenario: "start", problems: [messageOf(error)] });
    } finally {
      await broker?.destroy();
    }
  }
  return { results, versions };
}

/**
 * @param {string} protocol
 * @param {ChaosBroker | undefined} broker
 * @param {Scenario} scenario
 * @param {Conditions} conditions
 * @returns {Promise<Result | undefined>} `undefined` when it was stopped
 */
async function runScenario(protocol, broker, scenario, { seconds, seed, signal, log }) {
  const started = Date.now();
  log(`${protocol} ${scenario.name}: ${scenario.title} …`);
  const stage = new Stage({ protocol, broker, scenario, seconds, seed, signal });
  /** @type {string[]} */
  const problems = [];
  try {
    await stage.play();
  } catch (error) {
    problems.push(messageOf(error));
  } finally {
    await stage.end();
  }
  if (signal.aborted) {
    return undefined;
  }
  const verdict = stage.verdict();
  if (verdict.lost.length > 0) {
    problems.push(`lost ${shortened(verdict.lost)}`);
  }
  if (verdict.wronglyDead.length > 0) {
    problems.push(`dead-lettered without a failure ${shortened(verdict.wronglyDead)}`);
  }
  if (problems.length > 0) {
    problems.push(`see ${relative(process.cwd(), stage.folder)}`);
  }
  const outcome = problems.length === 0 ? "nothing lost" : `FAILED: ${problems.join("; ")}`;
  log(`${protocol} ${scenario.name}: ${outcome} (${((Date.now() - started) / 1_000).toFixed(0)} s)`);
  return { protocol, scenario: scenario.name, problems, verdict };
}

/** @param {readonly number[]} numbers */
function shortened(numbers) {
  return `${numbers.slice(0, 10).join(", ")}${numbers.length > 10 ? `, … (${numbers.length})` : ""}`;
}
