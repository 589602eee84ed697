/** The first Ctrl-C (or SIGTERM) stops everything in order, the second ends this at once; what it started sees that and stops by itself. */
export function stopSignal(log: (line: string) => void): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      log(`${name}: ending what was started, once more to end at once …`);
      controller.abort(new Error("Stopped before it was done."));
    });
  }
  return controller.signal;
}
