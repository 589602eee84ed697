import { conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { forgottenByMosquitto, harnessWith } from "./kit.ts";

conformance(
  { describe, it, afterAll },
  {
    name: "mosquitto",
    url: { variable: "BUSBAR_TEST_MOSQUITTO_URL" },
    ...harnessWith(),
    ownServer: ownServer("mosquitto"),
    forgets: forgottenByMosquitto,
  },
);
