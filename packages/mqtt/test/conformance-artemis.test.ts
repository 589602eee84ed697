import { certificateWriter, conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { mqtt } from "../src/index.ts";

const server = await ownServer("artemis")();
afterAll(() => ("close" in server ? server.close() : undefined));

/** Seen with a bare client too: of 2000 that were published without waiting, up to 60 came behind a later one. */
const outOfOrder = "Artemis hands on out of order what is published while it is busy handing on";

conformance(
  { describe, it, afterAll },
  {
    name: "artemis",
    url: "url" in server ? server.url : { variable: "BUSBAR_TEST_ARTEMIS_URL" },
    create: mqtt,
    link: "tcp",
    ownServer: () => Promise.resolve("url" in server ? { ...server, close: () => Promise.resolve() } : server),
    breaks: {
      C11: "Artemis does not mark what it gives once more",
      D1: outOfOrder,
      D12: "Artemis gives what it gives once more another packet identifier, and no mark",
      E9: outOfOrder,
      E10: outOfOrder,
    },
    deadlineMs: 20_000,
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
