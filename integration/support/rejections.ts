/** An error as tests look at it. */
export type SeenError = Error & { readonly code?: string; readonly retryable?: boolean };

/** The error that a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<SeenError> {
  return promise.then(
    () => {
      throw new Error("It was expected to reject, and resolved.");
    },
    (error: unknown) => error as SeenError,
  );
}
