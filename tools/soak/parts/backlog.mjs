import { setTimeout as pause } from "node:timers/promises";

import { NumberSet } from "../number-set.mjs";
import { windowed } from "../windowed.mjs";

/** @import { Outcome } from "../assignment.mjs" */
/** @import { PartRun } from "../part-run.mjs" */

/** How far the publisher gets ahead of the handler. */
const apart = 10_000;
const most = 5 * apart;
/** How many publishes are unconfirmed at a time. */
const window = 256;
const concurrency = 8;
/** How long a handler takes, in milliseconds: at most 800 messages a second. */
const handlingMs = 10;
/** The most messages that the bus may have taken from the broker at a time: its default. */
const maxInFlight = 256;
/** How many messages are published and handled before, so that buffers and heap have found their sizes. */
const warmUp = 2_000;
/** By how much the process may grow, in megabytes. In memory the backlog itself is in the process. */
const growthLimit = 100;
/** By how much what is in use may grow, in megabytes: 256 messages taken and 256 unconfirmed are 5 MB of bodies, and as much of texts. */
const inUseLimit = 40;

const text = "x".repeat(10_000);

/**
 * Publishes bodies of 10 KB until a slow handler is 10,000 of them behind, and lets it catch up. What the bus, the driver and the client hold
 * must stay bounded: were the backlog to come into the process, it would be 100 MB and its overhead.
 *
 * @param {PartRun} run
 * @returns {Promise<Outcome["figures"]>}
 */
export async function backlog(run) {
  const { memory } = run;
  const confirmed = new NumberSet(most);
  const handled = new NumberSet(most);
  const bus = await run.connect();
  let again = 0;
  let sent = 0;
  let taken = 0;
  let peak = 0;
  let isSlow = false;
  const subscription = await bus.subscribe(
    "soak.backlog",
    { group: "soak-backlog", concurrency, maxInFlight },
    async (/** @type {{ number: number }} */ { number }) => {
      const { running, waiting, delayed } = subscription.health();
      taken = Math.max(taken, running + waiting + delayed);
      if (isSlow) {
        await pause(handlingMs);
      }
      if (!handled.add(number)) {
        again++;
      }
    },
  );
  const publish = async () => {
    run.signal.throwIfAborted();
    const number = sent++;
    await bus.publish("soak.backlog", { number, text });
    confirmed.add(number);
  };
  await windowed(warmUp, window, run.signal, publish);
  await run.whenCounted("handled", warmUp, () => handled.count);
  const atStart = memory.now();
  const inUse = memory.inUse();
  isSlow = true;
  const publishing = async () => {
    while (sent < most && confirmed.count - handled.count < apart) {
      await publish();
      peak = Math.max(peak, confirmed.count - handled.count);
      run.tell(`${(confirmed.count - handled.count).toLocaleString("en")} behind`);
    }
  };
  await Promise.all(Array.from({ length: window }, publishing));
  const inUseAtPeak = memory.inUse();
  await run.whenCounted("handled", confirmed.count, () => handled.count);
  const { highest } = memory;
  const lost = confirmed.without(handled);
  const own = run.protocol === "memory" ? (apart * text.length) / 1_048_576 : 0;
  run.must(lost.length === 0, `${lost.length} confirmed messages were not handled, the first is ${lost[0]}`);
  run.must(peak >= apart, `the publisher got only ${peak} messages ahead`);
  run.must(taken <= maxInFlight, `the bus had taken ${taken} messages at a time, not ${maxInFlight}`);
  run.must(
    inUseAtPeak - inUse <= inUseLimit + own,
    `${inUseAtPeak.toFixed(0)} MB were in use with the backlog, ${(inUseAtPeak - inUse).toFixed(0)} more than before`,
  );
  run.must(
    highest - atStart <= growthLimit + own,
    `the process had ${highest.toFixed(0)} MB, ${(highest - atStart).toFixed(0)} more than before`,
  );
  return {
    confirmed: confirmed.count,
    handled: handled.count,
    lost: lost.length,
    "handled again": again,
    "behind at most": peak,
    "taken at most": taken,
    "MB before": Math.round(atStart),
    "MB at most": Math.round(highest),
    "MB in use before": Math.round(inUse),
    "MB in use with the backlog": Math.round(inUseAtPeak),
  };
}
