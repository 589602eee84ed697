/**
 * What the adapters are told that only they have.
 *
 * @type {Readonly<Record<string, Readonly<Record<string, unknown>>>>}
 */
export const nativeOptions = {
  // The group gives away what a killed member had when its session ends; this is the shortest that a broker takes unless told otherwise.
  kafka: { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 1_000 },
};
