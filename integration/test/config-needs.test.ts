import { describe, expect, it } from "vitest";
import { realBrokers } from "./brokers.ts";
import { OpenBuses } from "./open-buses.ts";
import { refusalOf } from "./refusal.ts";

const url = realBrokers.find(({ name }) => name === "mqtt")?.url;
if (url === undefined) console.warn("Skipped: what a configuration needs, for BUSBAR_TEST_MOSQUITTO_URL is not set.");

describe.skipIf(url === undefined)("a configuration that states what MQTT 3.1.1 has no place for", () => {
  const buses = new OpenBuses();

  it("is refused by connect()", async () => {
    const main = { url: url ?? "", native: { protocolVersion: 4 }, fold: { "sensor.**": "sensors" } };
    expect(await refusalOf(() => buses.connect("", { brokers: { main } }))).toMatchObject({
      code: "BUSBAR_UNSUPPORTED",
      needs: [{ capability: "headers", subject: "brokers.main.fold" }],
    });
  });
});
