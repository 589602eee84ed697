/** Resolves or rejects as the work does; rejects with the signal's reason, or with `late()` after the bound, if that comes first. */
export function bounded<T>(work: Promise<T>, boundMs: number, late: () => Error, signal?: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => end(() => reject(late())), boundMs);
    const abort = (): void => end(() => reject(signal?.reason as Error));
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      settle();
    };
    if (signal?.aborted === true) return abort();
    signal?.addEventListener("abort", abort, { once: true });
    work.then(
      (value) => end(() => resolve(value)),
      (error: unknown) => end(() => reject(error as Error)),
    );
  });
}

/** Resolves when the work ended, however, or after the bound. */
export async function settledWithin(work: Promise<unknown>, boundMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, boundMs);
  });
  await Promise.race([work.then(nothing, nothing), bound]);
  clearTimeout(timer);
}

function nothing(): void {}
