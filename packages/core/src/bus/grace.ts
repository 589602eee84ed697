/** How long a lost subscription that is not durable is kept at its broker, in milliseconds. */
export const graceMs = 60_000;
