import { certificateWriter, conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { patient } from "../../../tools/conformance/patience.mjs";
import { mqtt } from "../src/index.ts";

// What the kit holds back to see a message arrive unconfirmed is what lets it arrive here.
const afterPubrel = "mosquitto hands a message of QoS 2 on only once its publisher has answered PUBREC";

conformance(
  { describe, it, afterAll },
  {
    name: "mosquitto-qos2",
    url: { variable: "BUSBAR_TEST_MOSQUITTO_URL" },
    create: (options) => mqtt({ ...options, native: { qos: 2 } }),
    link: "tcp",
    ownServer: ownServer("mosquitto"),
    forgets: { groups: "mosquitto keeps no shared subscription over its restart" },
    breaks: Object.fromEntries(["E1", "E4", "E9", "E10"].map((law) => [law, afterPubrel])),
    deadlineMs: patient(10_000),
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
