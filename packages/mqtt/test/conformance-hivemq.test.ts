import { certificateWriter, conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { mqtt } from "../src/index.ts";

const server = await ownServer("hivemq")();
afterAll(() => ("close" in server ? server.close() : undefined));

/** Where more has to come while something is unsettled: whether it does is chance, as it may have come in time for the same batch. */
const inBatches = "HiveMQ sends a subscription more only once all that it has sent is settled";
const needMoreMeanwhile = [
  "B11",
  "C2",
  "C4",
  "C5",
  "C6",
  "C7",
  "C9",
  "C15",
  "C16",
  "C17",
  "D4",
  "D7",
  "D10",
  "D11",
  "D12",
  "F1",
  "F2",
  "G1",
  "G5",
  "G6",
  "H3",
];

conformance(
  { describe, it, afterAll },
  {
    name: "hivemq",
    url: "url" in server ? server.url : { variable: "BUSBAR_TEST_HIVEMQ_URL" },
    create: mqtt,
    link: "tcp",
    ownServer: () => Promise.resolve("url" in server ? { ...server, close: () => Promise.resolve() } : server),
    breaks: {
      ...Object.fromEntries(needMoreMeanwhile.map((law) => [law, inBatches])),
      C11: "HiveMQ does not mark what it gives to a group once more",
      G12: "HiveMQ keeps the messages of a group that no member is left of",
    },
    deadlineMs: 20_000,
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
