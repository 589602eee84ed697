/** What a law is tried on: the bare contract of a driver, or the bus over it. */
export type Face = "driver" | "bus";
