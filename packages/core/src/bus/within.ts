import { longestMs } from "../driver/duration.ts";
import { onAbort } from "../driver/on-abort.ts";

/**
 * Settles as the work does. Its signal aborts with `late()` when it takes longer than `boundMs`, and with the reason of `outer` when that aborts; heeding it is
 * up to the work.
 *
 * @param boundMs Without end where it is infinite.
 */
export async function within<T>(
  boundMs: number,
  late: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const over = new AbortController();
  const unlisten = outer && onAbort(outer, () => over.abort(outer.reason));
  const timer =
    boundMs === Number.POSITIVE_INFINITY
      ? undefined
      : setTimeout(() => over.abort(late()), Math.min(boundMs, longestMs));
  try {
    return await work(over.signal);
  } finally {
    clearTimeout(timer);
    unlisten?.();
  }
}
