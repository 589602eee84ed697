import { conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { patient } from "../../../tools/conformance/patience.mjs";
import { amqp } from "../src/index.ts";
import { threeNodes } from "./three-nodes.ts";

const cluster = await threeNodes();
if ("missing" in cluster) console.warn(`Skipped: ${cluster.missing}`);
afterAll(() => ("close" in cluster ? cluster.close() : undefined));

conformance(
  { describe, it, afterAll },
  {
    name: "three RabbitMQ nodes",
    url: "url" in cluster ? cluster.url : { variable: "BUSBAR_TEST_RABBITMQ_URL" },
    // A quorum queue is kept on three nodes where there are three.
    create: ({ url, clientName }) => amqp({ url, clientName }),
    cluster: () => Promise.resolve("url" in cluster ? { ...cluster, close: () => Promise.resolve() } : cluster),
    deadlineMs: patient(20_000),
    only: ["H4"],
  },
);
