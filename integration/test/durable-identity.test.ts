import { expect, it } from "vitest";
import { describeOn, realBrokers } from "./brokers.ts";
import { OpenBuses, unique } from "./open-buses.ts";

describeOn(realBrokers, "a durable subscription without a group", ({ url }) => {
  const buses = new OpenBuses();

  it("belongs to its service, instance and filter: each of them keeps its own", { timeout: 60_000 }, async () => {
    const topic = unique("kept");
    const owners = [
      { service: unique("s"), instance: "0", filter: topic },
      { service: unique("s"), instance: "0", filter: topic },
      { service: "integration", instance: unique("i"), filter: topic },
      { service: "integration", instance: unique("i"), filter: `${topic}.**` },
    ];
    const outside = await buses.connect(url);
    await outside.publish(topic, "makes the topic");
    await outside.publish(`${topic}.b`, "makes the topic");
    for (const { filter, ...owner } of owners) {
      const bus = await buses.connect(url, owner);
      await bus.subscribe(filter, { durable: true }, () => undefined);
      await bus.close();
    }

    await outside.publish(topic, "while away");
    await outside.publish(`${topic}.b`, "elsewhere");

    for (const { filter, ...owner } of owners) {
      const bus = await buses.connect(url, owner);
      const seen: unknown[] = [];
      const subscription = await bus.subscribe(filter, { durable: true }, (payload) => seen.push(payload));
      await expect.poll(() => seen, { timeout: 20_000 }).toEqual([filter === topic ? "while away" : "elsewhere"]);
      await subscription.close();
      await bus.forget({ filter });
    }
  });
});
