import { describeOnMosquitto, describeOnRabbit } from "./broker-url.ts";
import { lastValues } from "./last-values.ts";
import { mosquitto, rabbit } from "./tested-server.ts";

describeOnMosquitto("a server that keeps values", () => lastValues(mosquitto));
describeOnRabbit("a server that keeps values", () => lastValues(rabbit));
