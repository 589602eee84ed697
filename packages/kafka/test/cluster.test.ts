import { conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { patient } from "../../../tools/conformance/patience.mjs";
import { kafka } from "../src/index.ts";
import { clients } from "./fixtures.ts";
import { harnessWith } from "./kit.ts";
import { threeBrokers } from "./three-brokers.ts";

const cluster = await threeBrokers();
if ("missing" in cluster) console.warn(`Skipped: ${cluster.missing}`);
afterAll(() => ("close" in cluster ? cluster.close() : undefined));

for (const client of clients) {
  const { onCertificate: _, link: _link, leaseMs: _leaseMs, ...harness } = harnessWith();
  conformance(
    { describe, it, afterAll },
    {
      ...harness,
      name: `three Kafka brokers, through ${client}`,
      url: "url" in cluster ? cluster.url : { variable: "BUSBAR_TEST_KAFKA_URL" },
      create: ({ members: replicationFactor, ...options }) =>
        kafka({
          ...options,
          native: {
            client,
            ...(replicationFactor && { replicationFactor, topicConfig: { "min.insync.replicas": "2" } }),
          },
        }),
      cluster: () => Promise.resolve("url" in cluster ? { ...cluster, close: () => Promise.resolve() } : cluster),
      deadlineMs: patient(20_000),
      only: ["H4"],
    },
  );
}
