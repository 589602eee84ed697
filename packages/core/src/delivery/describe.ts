/** Says what was thrown, whatever it was. */
export function describe(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  try {
    return `${typeof error}: ${String(error)}`;
  } catch {
    return `a thrown ${typeof error}`;
  }
}
