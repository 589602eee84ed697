import { certificateWriter, conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { mqtt } from "../src/index.ts";

const server = await ownServer("hivemq")();
afterAll(() => ("close" in server ? server.close() : undefined));

const inBatches = "HiveMQ sends a subscription more only once all that it has sent is settled";

conformance(
  { describe, it, afterAll },
  {
    name: "hivemq",
    url: "url" in server ? server.url : { variable: "BUSBAR_TEST_HIVEMQ_URL" },
    create: mqtt,
    link: "tcp",
    ownServer: () => Promise.resolve("url" in server ? { ...server, close: () => Promise.resolve() } : server),
    breaks: {
      ...Object.fromEntries(
        ["B11", "C4", "C7", "C15", "C16", "C17", "D10", "D11", "D12", "G6", "H3"].map((law) => [law, inBatches]),
      ),
      C11: "HiveMQ does not mark what it gives to a group once more",
      G12: "HiveMQ keeps the messages of a group that no member is left of",
    },
    deadlineMs: 20_000,
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
