/**
 * Resolves to true when the work is done, well or not, or to false after `limitMs`, whichever comes first. For goodbyes to a peer that may
 * be gone.
 */
export function atMost(limitMs: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), limitMs);
    const done = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    work.then(done, done);
  });
}
