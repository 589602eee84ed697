import { afterAll } from "vitest";
import { leaveOut } from "../../../integration/support/leave-out.ts";
import { ownServer } from "../../../tools/conformance/own-server.mjs";

/** Has suites of behaviour held on one Kafka 4.1, beside the server that they are run against as they are; they skip where there is none. */
export async function suitesOnKafka4(suites: readonly (() => Promise<unknown>)[]): Promise<void> {
  const server = await ownServer("kafka4")();
  const url = "url" in server ? server.url : process.env["BUSBAR_TEST_KAFKA4_URL"];
  if ("missing" in server && url === undefined) leaveOut(server.missing);
  afterAll(() => ("close" in server ? server.close() : undefined));
  // For the file that asked alone: its process runs no other.
  process.env["BUSBAR_TEST_KAFKA_URL"] = url ?? "";
  process.env["BUSBAR_TEST_KAFKA_KIND"] = "kafka4";
  for (const suite of suites) await suite();
}
