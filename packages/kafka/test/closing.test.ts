import { createHook } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import { kafka } from "../src/index.ts";
import { clients, record, rejection, request, unique } from "./fixtures.ts";
import { throughEachClient } from "./through-each-client.ts";

throughEachClient("a broker", ({ make }) => {
  it("wakes up seldom while there is nothing to do", async () => {
    const own = make();
    await own.open();
    await own.publish(record(unique("idle")));
    let timers = 0;
    const hook = createHook({ init: (_, kind) => void (kind === "Timeout" && timers++) }).enable();
    // A rate needs a time to be counted in.
    await new Promise((resolve) => setTimeout(resolve, 500));
    hook.disable();
    // kafkajs by itself begins one a millisecond for each connection.
    expect(timers).toBeLessThan(50);
    await own.close();
  });

  it("closes with what is on its way, in time, twice", async () => {
    const own = make();
    await own.open();
    const topic = unique("close");
    const published = Array.from({ length: 50 }, (_, index) => own.publish(record(topic, String(index))));
    const begun = Date.now();
    await Promise.all([own.close(), own.close()]);
    expect(Date.now() - begun).toBeLessThan(5_000);
    expect(await Promise.all(published)).toHaveLength(50);
    expect(await rejection(own.publish(record(topic)))).toMatchObject({ code: "BUSBAR_CLOSED" });
    expect(await rejection(own.subscribe(request(topic), () => {}))).toMatchObject({ code: "BUSBAR_CLOSED" });
  });
});

describe.each(clients)("a server that is not there, for %s", (client) => {
  it("is a retryable error, within the bound and without the password", async () => {
    const broker = kafka({
      url: "kafka://user:s3cret@127.0.0.1:1,127.0.0.1:2",
      connectTimeoutMs: 2_000,
      native: { client },
    });
    const error = await rejection(broker.open());
    expect(error).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true, broker: "kafka" });
    expect(JSON.stringify([String(error), error])).not.toContain("s3cret");
    expect(await rejection(broker.publish(record("a")))).toMatchObject({ code: "BUSBAR_CONNECTION", retryable: true });
    await broker.close();
  });
});
