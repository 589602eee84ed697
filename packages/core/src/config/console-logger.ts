/* oxlint-disable no-console -- this is what the bus writes to when nobody gave it a logger. */
import type { Logger } from "../bus/settings.ts";

/**
 * Writes lines that begin with `busbar:` to the console's error stream, so that a program's own output stays its own.
 */
export const consoleLogger: Logger = {
  info: (message) => console.error(`busbar: ${message}`),
  warn: (message) => console.warn(`busbar: ${message}`),
  error: (message) => console.error(`busbar: ${message}`),
};
