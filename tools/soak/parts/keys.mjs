import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";

import { KeyOrder } from "../key-order.mjs";
import { NumberSet } from "../number-set.mjs";
import { windowed } from "../windowed.mjs";

/** @import { Outcome } from "../assignment.mjs" */
/** @import { PartRun } from "../part-run.mjs" */

const keyCount = 10_000;
const messages = 5 * keyCount;
const concurrency = 16;

/**
 * Publishes to 10,000 keys in a random order, and sees that the messages of each are handled in the order of their publishes and one at a time, though
 * handlers take different times and run up to 16 at once.
 *
 * @param {PartRun} run
 * @returns {Promise<Outcome["figures"]>}
 */
export async function keys(run) {
  const confirmed = new NumberSet(messages);
  const handled = new NumberSet(messages);
  const order = new KeyOrder(keyCount);
  const places = new Int32Array(keyCount);
  let running = 0;
  let atOnce = 0;
  const bus = await run.connect();
  await bus.subscribe(
    "soak.keys",
    { group: "soak-keys", concurrency, order: "key" },
    async (/** @type {{ number: number, key: number, place: number }} */ { number, key, place }) => {
      atOnce = Math.max(atOnce, ++running);
      order.begin(key, place, handled.add(number));
      const dice = run.random();
      if (dice > 0.95) {
        await pause(1 + dice * 2);
      } else if (dice > 0.5) {
        await turn();
      }
      order.end(key);
      running--;
    },
  );
  await windowed(messages, 256, run.signal, async (number) => {
    const key = number < keyCount ? number : Math.floor(run.random() * keyCount);
    const place = places[key] ?? 0;
    places[key] = place + 1;
    await bus.publish("soak.keys", { number, key, place }, { key: `key-${key}` });
    confirmed.add(number);
    run.tell(`${handled.count.toLocaleString("en")} of ${messages.toLocaleString("en")} handled`);
  });
  await run.whenCounted("handled", confirmed.count, () => handled.count);
  const lost = confirmed.without(handled);
  run.must(lost.length === 0, `${lost.length} confirmed messages were not handled, the first is ${lost[0]}`);
  run.must(order.outOfOrder === 0, `${order.outOfOrder} messages were handled after a later one of their key`);
  run.must(order.overlapping === 0, `${order.overlapping} messages were handled while another of their key was`);
  run.must(atOnce === concurrency, `${atOnce} handlers ran at once at most, not ${concurrency}`);
  return {
    keys: keyCount,
    confirmed: confirmed.count,
    handled: handled.count,
    lost: lost.length,
    "handled again": order.again,
    "out of order": order.outOfOrder,
    "two of a key at once": order.overlapping,
    "handlers at once": atOnce,
  };
}
