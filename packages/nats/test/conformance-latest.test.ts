import { certificateWriter, conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { patient } from "../../../tools/conformance/patience.mjs";
import { nats } from "../src/index.ts";
import { threeServers } from "./three-servers.ts";

const server = await ownServer("nats-latest")();
afterAll(() => ("close" in server ? server.close() : undefined));

conformance(
  { describe, it, afterAll },
  {
    name: "nats-latest",
    url: "url" in server ? server.url : { variable: "BUSBAR_TEST_NATS_LATEST_URL" },
    create: ({ leaseMs, members: replicas, ...options }) =>
      nats({ ...options, native: { ...(leaseMs && { ackWaitMs: leaseMs }), ...(replicas && { replicas }) } }),
    cluster: () => threeServers("nats-latest"),
    leaseMs: 1_000,
    link: "tcp",
    ownServer: () => Promise.resolve("url" in server ? { ...server, close: () => Promise.resolve() } : server),
    deadlineMs: patient(10_000),
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
