import { describeOnMosquitto, describeOnRabbit } from "./broker-url.ts";
import { overlappingFilters } from "./overlapping-filters.ts";
import { mosquitto, rabbit } from "./tested-server.ts";

describeOnMosquitto("several subscriptions", () => overlappingFilters(mosquitto));
describeOnRabbit("several subscriptions", () => overlappingFilters(rabbit));
