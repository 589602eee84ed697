import { setTimeout as pause } from "node:timers/promises";

import { NumberSet } from "../number-set.mjs";
import { windowed } from "../windowed.mjs";

/** @import { Outcome } from "../assignment.mjs" */
/** @import { PartRun } from "../part-run.mjs" */

/** 40 idle Kafka groups take an eighth of a processor core: each is a member that polls and gives signs of life. */
const onKafka = 50;
const elsewhere = 1_000;
/** How many are made at a time; on Kafka one, since each makes a topic of six partitions, which are files on the broker's disk. */
const atOnce = 4;

/** How long it is looked at what idle subscriptions cost, in milliseconds. */
const idleMs = 5_000;

/**
 * Makes very many subscriptions in one process, each with a topic of its own, and publishes one message to each.
 *
 * @param {PartRun} run
 * @returns {Promise<Outcome["figures"]>}
 */
export async function subscriptions(run) {
  const count = run.protocol === "kafka" ? onKafka : elsewhere;
  const got = new NumberSet(count);
  let wrong = 0;
  const bus = await run.connect();
  const before = run.memory.now();
  const begin = performance.now();
  let made = 0;
  await windowed(count, run.protocol === "kafka" ? 1 : atOnce, run.signal, async (index) => {
    await bus.subscribe(`soak.many.n${index}`, { group: "soak-many" }, (payload) => {
      if (payload !== index) {
        wrong++;
      } else {
        got.add(index);
      }
    });
    run.tell(`${++made} of ${count} subscribed`);
  });
  const seconds = (performance.now() - begin) / 1_000;
  await windowed(count, 64, run.signal, (index) => bus.publish(`soak.many.n${index}`, index));
  await run.whenCounted("got their message", count, () => got.count);
  const { subscriptions: all } = bus.health();
  const running = all.filter(({ state }) => state === "running").length;
  run.must(got.count === count, `${count - got.count} subscriptions did not get their message`);
  run.must(wrong === 0, `${wrong} messages came to a subscription of another topic`);
  run.must(running === count, `${count - running} subscriptions do not run in the end`);
  return {
    subscriptions: count,
    "got its message": got.count,
    "got another's": wrong,
    "seconds to subscribe": seconds.toFixed(1),
    "% of a core when idle": await idleLoad(),
    "MB before": Math.round(before),
    "MB at most": Math.round(run.memory.highest),
  };
}

/** What this process takes of a processor core while nothing comes, in percent. */
async function idleLoad() {
  const before = process.cpuUsage();
  const begin = performance.now();
  await pause(idleMs);
  const { user, system } = process.cpuUsage(before);
  return Math.round((user + system) / 10 / (performance.now() - begin));
}
