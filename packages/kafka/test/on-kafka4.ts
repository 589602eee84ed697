import { conformance } from "@busbar/testing";
import { afterAll, describe, it } from "vitest";
import { ownServer } from "../../../tools/conformance/own-server.mjs";
import type { clients } from "./fixtures.ts";
import { harnessWith } from "./kit.ts";

/** Holds one client to the kit on a Kafka 4 of its own. */
export async function onKafka4(client: (typeof clients)[number]): Promise<void> {
  const server = await ownServer("kafka4", { isBehindProxy: true })();
  if ("missing" in server) console.warn(`Skipped: ${server.missing}`);
  afterAll(() => ("close" in server ? server.close() : undefined));
  conformance(
    { describe, it, afterAll },
    {
      ...harnessWith({ client, idempotent: true }),
      name: client === "kafkajs" ? "kafka4" : `kafka4-${client}`,
      url: "url" in server ? server.url : { variable: "BUSBAR_TEST_KAFKA4_URL" },
      ownServer: () => Promise.resolve("url" in server ? { ...server, close: () => Promise.resolve() } : server),
    },
  );
}
