import { memory } from "@busbar/core";
import { expect, it } from "vitest";
import { Suite, summaryOf } from "../src/index.ts";
import { overlaid } from "../src/overlaid.ts";

let suites = 0;

/** The first line of what is said of a run of nothing on a server that says of itself what is given. */
async function headlineOn(server: { readonly product: string; readonly version: string }): Promise<string | undefined> {
  const url = `memory://summary-${++suites}`;
  const broker = memory({ url });
  const told = overlaid(broker, { open: async () => ({ ...(await broker.open()), ...server }) });
  const suite = new Suite([], { name: "tried", url, create: () => told }, url);
  return summaryOf(await suite.certificate())[0];
}

it("names the server with its version", async () => {
  expect(await headlineOn({ product: "mosquitto", version: "2.0.11" })).toMatch(
    /^tried \(mosquitto 2\.0\.11\): 0 cases/,
  );
});

it("names a server that does not tell its version without one", async () => {
  expect(await headlineOn({ product: "Apache Kafka", version: "unknown" })).toMatch(/^tried \(Apache Kafka\): 0 cases/);
});
