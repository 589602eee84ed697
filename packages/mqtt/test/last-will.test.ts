import { describeOnMosquitto, describeOnRabbit } from "./broker-url.ts";
import { lastWill } from "./last-will.ts";
import { mosquitto, rabbit } from "./tested-server.ts";

describeOnMosquitto("a server that loses a process", () => lastWill(mosquitto));
describeOnRabbit("a server that loses a process", () => lastWill(rabbit));
