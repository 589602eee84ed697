import { conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { forgottenByMosquitto, harnessWith } from "./kit.ts";

// What the kit holds back to see a message arrive unconfirmed is what lets it arrive here.
const afterPubrel = "mosquitto hands a message of QoS 2 on only once its publisher has answered PUBREC";

conformance(
  { describe, it, afterAll },
  {
    name: "mosquitto-qos2",
    url: { variable: "BUSBAR_TEST_MOSQUITTO_URL" },
    ...harnessWith({ qos: 2 }),
    ownServer: ownServer("mosquitto"),
    forgets: forgottenByMosquitto,
    breaks: Object.fromEntries(["E1", "E4", "E9", "E10"].map((law) => [law, afterPubrel])),
  },
);
