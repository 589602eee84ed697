import { describeOnMosquitto } from "./broker-url.ts";
import { sessions } from "./sessions.ts";
import { mosquitto } from "./tested-server.ts";

describeOnMosquitto("sessions", () => sessions(mosquitto));
