/** Resolves when the work is done, well or not, or after `limitMs`, whichever comes first. For goodbyes to a peer that may be gone. */
export function atMost(limitMs: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limitMs);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    work.then(done, done);
  });
}
