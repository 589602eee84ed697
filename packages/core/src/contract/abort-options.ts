/** Ends a wait early. */
export interface AbortOptions {
  /** When it aborts, the call rejects with the signal's reason as soon as it can. */
  readonly signal?: AbortSignal;
}
