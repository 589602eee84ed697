import { describeOnMosquitto, describeOnRabbit } from "./broker-url.ts";
import { failOver } from "./fail-over.ts";
import { mosquitto, rabbit } from "./tested-server.ts";

describeOnMosquitto("a cluster", () => failOver(mosquitto));
describeOnRabbit("a cluster", () => failOver(rabbit));
