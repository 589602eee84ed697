import { NumberSet } from "../number-set.mjs";
import { patienceMs } from "../part-run.mjs";
import { windowed } from "../windowed.mjs";

/** @import { Outcome } from "../assignment.mjs" */
/** @import { PartRun } from "../part-run.mjs" */

/** How many publishes are unconfirmed at a time. */
const window = 256;
/** How far publishing may be ahead of handling: what waits in memory, or fills a disk, is not what this measures. */
const aheadLimit = 5_000;
/** By how much the process may have grown in the end, in megabytes. */
const growthLimit = 100;

const text = "x".repeat(200);

/**
 * Publishes very many messages and handles them in the same process. Its memory must not grow after the first twentieth (of a million: 50,000), when
 * everything has been compiled and every buffer has found its size.
 *
 * @param {PartRun} run
 * @returns {Promise<Outcome["figures"]>}
 */
export async function flow(run) {
  const { messages, memory } = run;
  const warm = Math.ceil(messages / 20);
  const confirmed = new NumberSet(messages);
  const handled = new NumberSet(messages);
  const bus = await run.connect();
  let again = 0;
  let sent = 0;
  let atWarm = 0;
  /** Resolves when there is room again for publishes to go ahead. @type {{ promise: Promise<void>, open: () => void } | undefined} */
  let gate;
  await bus.subscribe(
    "soak.flow",
    { group: "soak-flow", concurrency: 16 },
    (/** @type {{ number: number }} */ { number }) => {
      if (!handled.add(number)) {
        again++;
      } else if (handled.count === warm) {
        atWarm = memory.now();
      }
      if (gate !== undefined && sent - handled.count < aheadLimit) {
        gate.open();
        gate = undefined;
      }
    },
  );
  const begin = performance.now();
  let seen = 0;
  let movedAt = begin;
  let isStuck = false;
  const look = setInterval(() => {
    const { count } = handled;
    run.tell(
      `${count.toLocaleString("en")} of ${messages.toLocaleString("en")} handled, ${memory.now().toFixed(0)} MB`,
    );
    if (count !== seen) {
      seen = count;
      movedAt = performance.now();
    }
    isStuck = performance.now() - movedAt > patienceMs;
    if (isStuck || run.signal.aborted) {
      gate?.open();
    }
  }, 1_000);
  try {
    await windowed(messages, window, run.signal, async (number) => {
      while (sent - handled.count >= aheadLimit) {
        gate ??= opening();
        await gate.promise;
        run.signal.throwIfAborted();
        if (isStuck) {
          throw new Error(`only ${handled.count} of ${sent} messages were handled, and no more came`);
        }
      }
      sent++;
      await bus.publish("soak.flow", { number, text });
      confirmed.add(number);
    });
    await run.whenCounted("handled", messages, () => handled.count);
  } finally {
    clearInterval(look);
  }
  const seconds = (performance.now() - begin) / 1_000;
  const atEnd = memory.now();
  const lost = confirmed.without(handled);
  run.must(lost.length === 0, `${lost.length} confirmed messages were not handled, the first is ${lost[0]}`);
  run.must(
    atEnd - atWarm <= growthLimit,
    `the process has ${atEnd.toFixed(0)} MB in the end, ${(atEnd - atWarm).toFixed(0)} more than after ${warm} messages`,
  );
  return {
    confirmed: confirmed.count,
    handled: handled.count,
    lost: lost.length,
    "handled again": again,
    "messages per second": Math.round(handled.count / seconds),
    "MB when warm": Math.round(atWarm),
    "MB at most": Math.round(memory.highest),
    "MB at the end": Math.round(atEnd),
    "of them in use": Math.round(memory.inUse()),
  };
}

function opening() {
  /** @type {() => void} */
  let open = () => undefined;
  const promise = /** @type {Promise<void>} */ (new Promise((resolve) => (open = () => resolve(undefined))));
  return { promise, open };
}
