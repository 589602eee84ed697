/** What an async function would return that throws this; for those that are none because the promise of one would cost too much. */
export async function rejected(error: unknown): Promise<never> {
  throw error;
}
