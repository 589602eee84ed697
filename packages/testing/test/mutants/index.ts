import { endingMutants } from "./endings.ts";
import { flowAndLifeMutants } from "./flow-and-life.ts";
import { flowMutants } from "./flow.ts";
import { groupMutants } from "./groups.ts";
import { missingTopicMutants } from "./missing-topics.ts";
import type { Mutant } from "./mutant.ts";
import { processMutants } from "./processes.ts";
import { publishingMutants } from "./publishing.ts";
import { resilienceMutants } from "./resilience.ts";
import { roundTripMutants } from "./round-trip.ts";
import { settlementMutants } from "./settlement.ts";
import { unsettledMutants } from "./unsettled.ts";
import { waitingMutants } from "./waiting.ts";

/** Every mutant that there is. */
export const mutants: readonly Mutant[] = [
  ...roundTripMutants,
  ...groupMutants,
  ...settlementMutants,
  ...flowAndLifeMutants,
  ...endingMutants,
  ...waitingMutants,
  ...flowMutants,
  ...missingTopicMutants,
  ...publishingMutants,
  ...processMutants,
  ...resilienceMutants,
  ...unsettledMutants,
];
