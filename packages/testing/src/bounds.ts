/** The bounds of time that every law of one run shares. */
export interface Bounds {
  /** The longest that a law waits for one thing to happen, in milliseconds. */
  readonly deadlineMs: number;
  /** How long nothing has to happen before a law believes that nothing will, in milliseconds. */
  readonly quietMs: number;
}

/** The bounds unless a harness says otherwise. */
export const usualBounds: Bounds = { deadlineMs: 10_000, quietMs: 300 };
