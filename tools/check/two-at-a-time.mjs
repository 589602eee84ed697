/**
 * Does the work for every item, two at a time, and resolves with the results in the order of the items; rejects as soon as one does.
 *
 * @template Item, Result
 * @param {readonly Item[]} items
 * @param {(item: Item) => Promise<Result>} work
 * @returns {Promise<Result[]>}
 */
export async function twoAtATime(items, work) {
  /** @type {Result[]} */
  const results = [];
  const waiting = [...items.entries()];
  const take = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results[next[0]] = await work(next[1]);
    }
  };
  await Promise.all([take(), take()]);
  return results;
}
