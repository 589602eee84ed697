/** What a signal is listened to for. */
interface Ear {
  readonly listeners: Set<() => void>;
  readonly hear: () => void;
}

const ears = new WeakMap<AbortSignal, Ear>();

/**
 * Calls `then` when the signal aborts, unless the returned function is called before. A signal has one listener for all of this, however many
 * there are: whoever gives one signal to each of his calls is not warned of a leak, as Node does from the eleventh listener on.
 *
 * @param then Must not throw, and be another function each time.
 */
export function onAbort(signal: AbortSignal, then: () => void): () => void {
  const ear = ears.get(signal) ?? listenTo(signal);
  ear.listeners.add(then);
  return () => {
    ear.listeners.delete(then);
    if (ear.listeners.size > 0 || ears.get(signal) !== ear) return;
    ears.delete(signal);
    signal.removeEventListener("abort", ear.hear);
  };
}

function listenTo(signal: AbortSignal): Ear {
  const listeners = new Set<() => void>();
  const hear = (): void => {
    ears.delete(signal);
    for (const then of listeners) then();
  };
  const ear = { listeners, hear };
  ears.set(signal, ear);
  signal.addEventListener("abort", hear, { once: true });
  return ear;
}
