import { memory } from "@busbar/core";
import { certificateWriter, conformance } from "@busbar/testing";
import { describe, it } from "vitest";
import { clusterInMemory } from "../../../integration/support/cluster-in-memory.ts";
import { MemoryLink } from "../../../integration/support/memory-link.ts";
import { serverInMemory } from "../../../integration/support/server-in-memory.ts";

const url = "memory://conformance";

conformance(
  { describe, it },
  {
    name: "memory",
    url,
    create: ({ url: address, clientName, topology }) =>
      memory({ url: address, clientName, ...(topology && { topology }) }),
    link: () => Promise.resolve(new MemoryLink(url)),
    ownServer: () => Promise.resolve(serverInMemory(url)),
    cluster: () => Promise.resolve(clusterInMemory(url)),
    deadlineMs: 5_000,
    quietMs: 100,
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  },
);
