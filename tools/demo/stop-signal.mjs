/**
 * Makes a signal that the first Ctrl-C (or SIGTERM) aborts, so that everything ends in order; the second ends this process at once. What it
 * started sees that and stops by itself.
 *
 * @param {(line: string) => void} log
 * @returns {AbortSignal}
 */
export function stopSignal(log) {
  const controller = new AbortController();
  for (const name of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
    process.on(name, () => {
      if (controller.signal.aborted) {
        process.exit(130);
      }
      log(`${name}: ending in order what was started, once more to end at once …`);
      controller.abort(new Error("Stopped before it was done; everything that was started has ended."));
    });
  }
  return controller.signal;
}
