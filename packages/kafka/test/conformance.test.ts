import { conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { harnessWith } from "./kit.ts";

conformance(
  { describe, it, afterAll },
  {
    ...harnessWith(),
    name: "kafka",
    url: { variable: "BUSBAR_TEST_KAFKA_URL" },
    ownServer: ownServer("kafka", { isBehindProxy: true }),
  },
);
