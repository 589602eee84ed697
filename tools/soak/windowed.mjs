/**
 * Runs the task for the numbers from 0 up to the total, as many at a time as the window is wide; each begins in its order. Rejects with
 * what a task threw, and when the signal aborts.
 *
 * @param {number} total
 * @param {number} width
 * @param {AbortSignal} signal
 * @param {(number: number) => Promise<unknown>} task
 * @returns {Promise<void>}
 */
export async function windowed(total, width, signal, task) {
  let next = 0;
  const work = async () => {
    while (next < total) {
      signal.throwIfAborted();
      await task(next++);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
}
