const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Calls `stop` on the first of the signals, and ends the process at once on the second, with the code that a shell
 * gives to that signal.
 *
 * @returns Takes the listeners off again.
 */
export function onStopSignals(signals: readonly (keyof typeof exitCodes)[], stop: () => void): () => void {
  let asked = false;
  const listeners = signals.map((signal) => {
    const listener = (): void => {
      // A drain that hangs must not keep whoever asks twice.
      if (asked) process.exit(exitCodes[signal]);
      asked = true;
      stop();
    };
    process.on(signal, listener);
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  };
}
