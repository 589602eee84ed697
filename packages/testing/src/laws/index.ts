import type { Law } from "../law.ts";
import { acknowledgementLaws } from "./acknowledgements.ts";
import { batchLaws } from "./batches.ts";
import { brokerDownLaws } from "./broker-down.ts";
import { capabilityLaws } from "./capabilities.ts";
import { deadLetterLaws } from "./dead-letters.ts";
import { endingLaws } from "./endings.ts";
import { failOverLaws } from "./fail-over.ts";
import { failureLaws } from "./failures.ts";
import { flowLaws } from "./flow.ts";
import { groupLaws } from "./groups.ts";
import { handlerTimeLaws } from "./handler-time.ts";
import { heldUpLaws } from "./held-up.ts";
import { insightLaws } from "./insight.ts";
import { largeBodyLaws } from "./large-bodies.ts";
import { laterLaws } from "./later.ts";
import { lifecycleLaws } from "./lifecycle.ts";
import { membershipLaws } from "./membership.ts";
import { metadataLaws } from "./metadata.ts";
import { manyLaws } from "./many-at-once.ts";
import { orderLaws } from "./order-and-flow.ts";
import { missingTopicLaws } from "./missing-topics.ts";
import { parityLaws } from "./parity.ts";
import { publishIdentityLaws } from "./publish-identity.ts";
import { publishTimingLaws } from "./publish-timing.ts";
import { publishWindowLaws } from "./publish-window.ts";
import { publishLaws } from "./publish.ts";
import { requestLaws } from "./requests.ts";
import { livesLaws } from "./resilience-lives.ts";
import { retryLaws } from "./resilience-retries.ts";
import { resilienceLaws } from "./resilience.ts";
import { roundTripLaws } from "./round-trip.ts";
import { repeatLaws } from "./repeats.ts";
import { settlementLaws } from "./settlement.ts";
import { twinLaws } from "./twins.ts";
import { waitingLaws } from "./waiting.ts";
import { whoGetsItLaws } from "./who-gets-it.ts";

/** Every law that there is, in the order of their ids. */
export const laws: readonly Law[] = [
  ...roundTripLaws,
  ...metadataLaws,
  ...groupLaws,
  ...manyLaws,
  ...settlementLaws,
  ...failureLaws,
  ...repeatLaws,
  ...orderLaws,
  ...flowLaws,
  ...publishLaws,
  ...brokerDownLaws,
  ...publishWindowLaws,
  ...publishIdentityLaws,
  ...whoGetsItLaws,
  ...missingTopicLaws,
  ...largeBodyLaws,
  ...batchLaws,
  ...lifecycleLaws,
  ...endingLaws,
  ...waitingLaws,
  ...twinLaws,
  ...resilienceLaws,
  ...failOverLaws,
  ...retryLaws,
  ...livesLaws,
  ...deadLetterLaws,
  ...publishTimingLaws,
  ...requestLaws,
  ...parityLaws,
  ...insightLaws,
  ...capabilityLaws,
  ...acknowledgementLaws,
  ...laterLaws,
  ...handlerTimeLaws,
  ...heldUpLaws,
  ...membershipLaws,
].sort(byId);

function byId(one: Law, other: Law): number {
  const family = one.id.charCodeAt(0) - other.id.charCodeAt(0);
  return family === 0 ? Number(one.id.slice(1)) - Number(other.id.slice(1)) : family;
}
