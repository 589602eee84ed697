import type { Codecs } from "../codec/codec-registry.ts";
import type { Sweep } from "../delivery/sweep.ts";
import type { BrokerLink } from "./broker-link.ts";
import type { Routing } from "./routing.ts";
import type { BusSettings } from "./settings.ts";

/** What the plan of a subscription is made with. */
export interface PlanContext {
  readonly settings: BusSettings;
  readonly routing: Routing;
  readonly codecs: Codecs;
  readonly sweep: Sweep;
  readonly link: (name: string) => BrokerLink;
}
