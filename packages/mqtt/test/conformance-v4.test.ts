import { conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { forgottenByMosquitto, harnessWith } from "./kit.ts";

conformance(
  { describe, it, afterAll },
  {
    name: "mosquitto-v4",
    url: { variable: "BUSBAR_TEST_MOSQUITTO_URL" },
    ...harnessWith({ protocolVersion: 4, envelope: true }),
    ownServer: ownServer("mosquitto"),
    forgets: forgottenByMosquitto,
  },
);
