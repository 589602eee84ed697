import { describeOnMosquitto } from "./broker-url.ts";
import { credit } from "./credit.ts";
import { mosquitto } from "./tested-server.ts";

describeOnMosquitto("the flow", () => credit(mosquitto));
