import { relative } from "node:path";

import { messageOf } from "../brokers/thrown.mjs";
import { ChaosBroker } from "./chaos-broker.mjs";
import { LossStage } from "./loss-stage.mjs";
import { losses } from "./losses.mjs";
import { scenarios } from "./scenarios.mjs";
import { Stage } from "./stage.mjs";

/** @import { LossResult, Result } from "./report.mjs" */
/** @import { Loss } from "./losses.mjs" */
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
 * What came out of a run.
 *
 * @typedef {object} Outcome
 * @property {readonly Result[]} results
 * @property {readonly LossResult[]} losses what brokers lost by themselves
 * @property {Readonly<Record<string, string>>} versions of the brokers
 */

/** How many brokers are broken side by side: more would starve each other on a small machine. */
const brokersAtOnce = 2;
/** Those that take the longest begin, so that none is left alone at the end. */
const slowest = ["kafka", "amqp"];

/**
 * Runs the scenarios on each of the brokers, two brokers side by side, and resolves to what came out of each; a failure is a result
 * like any other. When it is stopped, it resolves to what there is by then. Nothing that was started is left.
 *
 * @param {Conditions & { on: readonly string[], names: readonly string[] }} order
 * @returns {Promise<Outcome>}
 */
export async function runChaos({ on, names, ...conditions }) {
  const waiting = [...slowest, ...on.filter((protocol) => !slowest.includes(protocol))].filter((each) =>
    on.includes(each),
  );
  /** @type {Map<string, Outcome>} */
  const outcomes = new Map();
  const runSome = async () => {
    for (let protocol = waiting.shift(); protocol !== undefined; protocol = waiting.shift()) {
      outcomes.set(protocol, await runOn(protocol, names, conditions));
    }
  };
  await Promise.all(Array.from({ length: brokersAtOnce }, runSome));
  const inOrder = on.flatMap((protocol) => outcomes.get(protocol) ?? []);
  return {
    results: inOrder.flatMap(({ results }) => results),
    losses: inOrder.flatMap((outcome) => outcome.losses),
    versions: Object.assign({}, ...inOrder.map(({ versions }) => versions)),
  };
}

/**
 * @param {string} protocol
 * @param {readonly string[]} names
 * @param {Conditions} conditions
 * @returns {Promise<Outcome>}
 */
async function runOn(protocol, names, conditions) {
  /** @type {Result[]} */
  const results = [];
  /** @type {LossResult[]} */
  const lost = [];
  /** @type {Record<string, string>} */
  const versions = {};
  const chosen = scenarios.filter(
    ({ name, isInMemory }) => names.includes(name) && (protocol !== "memory" || isInMemory === true),
  );
  /** @type {ChaosBroker | undefined} */
  let broker;
  try {
    if (chosen.length > 0 && protocol !== "memory" && !conditions.signal.aborted) {
      broker = await ChaosBroker.start(protocol, conditions.log);
      versions[protocol] = broker.version;
      conditions.log(`${protocol}: ${broker.version}`);
    }
    for (const scenario of chosen) {
      if (!conditions.signal.aborted) {
        results.push(...(await runScenario(protocol, broker, scenario, conditions)));
      }
    }
  } catch (error) {
    results.push({ protocol, scenario: "start", problems: [messageOf(error)] });
  } finally {
    await broker?.destroy();
  }
  for (const loss of losses) {
    if (loss.protocol === protocol && names.includes(loss.name) && !conditions.signal.aborted) {
      lost.push(...(await showLoss(loss, conditions)));
    }
  }
  return { results, losses: lost, versions };
}

/**
 * @param {string} protocol
 * @param {ChaosBroker | undefined} broker
 * @param {Scenario} scenario
 * @param {Conditions} conditions
 * @returns {Promise<Result[]>} none when it was stopped
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
    return [];
  }
  const verdict = stage.verdict();
  if (verdict.lost.length > 0) {
    problems.push(`lost ${shortened(verdict.lost)}`);
  }
  if (verdict.wronglyDead.length > 0) {
    problems.push(`dead-lettered without a failure ${shortened(verdict.wronglyDead)}`);
  }
  if (verdict.disordered.length > 0) {
    problems.push(`handled after a later one of their key ${shortened(verdict.disordered)}`);
  }
  if (problems.length > 0) {
    problems.push(`see ${relative(process.cwd(), stage.folder)}`);
  }
  const outcome = problems.length === 0 ? "nothing lost, all in order" : `FAILED: ${problems.join("; ")}`;
  log(`${protocol} ${scenario.name}: ${outcome} (${secondsSince(started)} s)`);
  return [{ protocol, scenario: scenario.name, problems, verdict }];
}

/**
 * @param {Loss} loss
 * @param {Conditions} conditions
 * @returns {Promise<LossResult[]>} none when it was stopped
 */
async function showLoss(loss, { seed, signal, log }) {
  const started = Date.now();
  const { protocol, name, said } = loss;
  log(`${protocol} ${name}, what the broker loses by itself: ${loss.title} …`);
  /** @type {string[]} */
  const problems = [];
  /** @type {ChaosBroker | undefined} */
  let broker;
  /** @type {LossStage | undefined} */
  let stage;
  try {
    broker = await ChaosBroker.start(protocol, log, loss.settings);
    stage = new LossStage({ broker, loss, seed, signal });
    await loss.run(stage);
  } catch (error) {
    problems.push(messageOf(error));
  } finally {
    await stage?.end();
    await broker?.destroy();
  }
  if (signal.aborted) {
    return [];
  }
  const verdict = stage?.verdict();
  if (verdict?.isSaid === false) {
    problems.push(`the adapter does not say "${said}" at start-up`);
  }
  if (problems.length > 0 && stage !== undefined) {
    problems.push(`see ${relative(process.cwd(), stage.folder)}`);
  }
  const outcome = problems.length === 0 ? `${verdict?.lost} lost` : `FAILED: ${problems.join("; ")}`;
  log(`${protocol} ${name}, what the broker loses by itself: ${outcome} (${secondsSince(started)} s)`);
  return [{ protocol, scenario: name, problems, ...(verdict === undefined ? {} : { verdict }) }];
}

/** @param {number} moment */
function secondsSince(moment) {
  return ((Date.now() - moment) / 1_000).toFixed(0);
}

/** @param {readonly number[]} numbers */
function shortened(numbers) {
  return `${numbers.slice(0, 10).join(", ")}${numbers.length > 10 ? `, … (${numbers.length})` : ""}`;
}
