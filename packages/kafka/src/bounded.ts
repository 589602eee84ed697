/** Resolves or rejects as the work does; rejects with the signal's reason, or with `late()` after the bound, if that comes first. */
export async function bounded<T>(
  work: Promise<T>,
  boundMs: number,
  late: () => Error,
  signal?: AbortSignal,
): Promise<T> {
  let end: () => void = () => {};
  const bound = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(late()), boundMs);
    const abort = (): void => reject(signal?.reason as Error);
    end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    if (signal?.aborted === true) abort();
    signal?.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([work, bound]);
  } finally {
    end();
  }
}
