/** As `expect.poll`, which lets the timers go on of a test that has taken them over. */
export async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 4_000; !holds(); await new Promise((resolve) => setImmediate(resolve)))
    if (Date.now() > end) throw new Error(`not in time: ${String(holds)}`);
}
