import { isEverythingRequired } from "../../tools/brokers/environment.mjs";

/** Says why suites are skipped, or throws where nothing may be: `BUSBAR_REQUIRE_BROKERS` is "all". */
export function leaveOut(reason: string): void {
  if (isEverythingRequired()) throw new Error(`Everything is required, but ${reason}`);
  console.warn(`Skipped: ${reason}`);
}
