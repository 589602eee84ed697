import { certificateWriter } from "@busbar/testing";
import type { Harness } from "@busbar/testing";
import { patient } from "../../../tools/conformance/patience.mjs";
import { kafka } from "../src/index.ts";
import type { KafkaNative } from "../src/index.ts";

/** What the kit needs to know of an adapter with these options, on whatever Kafka. */
export function harnessWith(
  own: KafkaNative = {},
): Pick<Harness, "create" | "leaseMs" | "link" | "deadlineMs" | "quietMs" | "onCertificate"> {
  return {
    create: ({ leaseMs, ...options }) =>
      kafka({ ...options, native: { ...own, ...(leaseMs !== undefined && { sessionTimeoutMs: leaseMs }) } }),
    // The least that a broker takes as it comes (group.min.session.timeout.ms).
    leaseMs: 6_000,
    link: "own-server",
    // A member that joins waits for the group; a new topic under a wildcard is found by asking now and then.
    deadlineMs: patient(45_000),
    quietMs: 1_000,
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  };
}
