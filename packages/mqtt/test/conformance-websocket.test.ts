import { conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { forgottenByMosquitto, harnessWith } from "./kit.ts";

conformance(
  { describe, it, afterAll },
  {
    name: "mosquitto-websocket",
    url: { variable: "BUSBAR_TEST_MOSQUITTO_WS_URL" },
    ...harnessWith(),
    ownServer: ownServer("mosquitto", { endpoint: "ws" }),
    breaks: { E8: "mosquitto hands 4 KiB of a message to a WebSocket each tenth of a second" },
    forgets: forgottenByMosquitto,
  },
);
