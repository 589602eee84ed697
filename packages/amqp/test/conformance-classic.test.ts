import { certificateWriter, conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import { patient } from "../../../tools/conformance/patience.mjs";
import { amqp } from "../src/index.ts";

// Classic queues are the ones with priorities, so that the law about those is tried here and not with the defaults; and answers come without a queue.
conformance(
  { describe, it, afterAll },
  {
    name: "rabbitmq-classic",
    url: { variable: "BUSBAR_TEST_RABBITMQ_URL" },
    create: (options) => amqp({ ...options, native: { queueType: "classic", maxPriority: 10, directReplyTo: true } }),
    link: "tcp",
    ownServer: ownServer("rabbitmq"),
    deadlineMs: patient(10_000),
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
