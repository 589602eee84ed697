/** Says what was thrown, whatever it was. Never throws, though looking at it may. */
export function describe(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : `${typeof error}: ${String(error)}`;
  } catch {
    return `a thrown ${typeof error}`;
  }
}

/** The message of an error, and what was thrown where that is none. Never throws. */
export function messageOf(error: unknown): string {
  try {
    const message: unknown = error instanceof Error ? error.message : undefined;
    if (typeof message === "string") return message;
  } catch {
    // Then it is told like anything else.
  }
  return describe(error);
}
