import { BusError } from "@busbar/core";
import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import { errorOf, foreignClient, openBroker, ownToken, request } from "./fixtures.ts";

describe.skipIf(brokerUrl === undefined)("a broker that is closed", () => {
  it("ends a subscribe that is under way with a typed error", async () => {
    const broker = await openBroker();
    const asked = request(`${ownToken()}.a`, { group: "savers" });
    const silent = await foreignClient();
    // Whoever subscribes asks here who else is there, and has nothing of its own yet.
    silent.subscribe(`_busbar.present.${asked.name}`, { callback: () => void broker.close() });
    await silent.flush();
    const error = await errorOf(broker.subscribe(asked, () => undefined));
    expect(BusError.is(error), String(error)).toBe(true);
    expect(error).toMatchObject({ retryable: true, topic: asked.filter });
  });
});
