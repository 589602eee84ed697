import { connect } from "@busbar/core";
import type { Bus } from "@busbar/core";
import { describe, expect, it } from "vitest";
import { brokerUrl } from "./broker-url.ts";
import { acknowledging, afterwards, foreignClient, openBroker, record, request, unique, url } from "./fixtures.ts";

async function newBus(service: string): Promise<Bus> {
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const bus = await connect({ service, instance: "0", brokers: { main: url() }, logger });
  afterwards(() => bus.close({ deadlineMs: 2000 }));
  return bus;
}

describe.skipIf(brokerUrl === undefined)("a request", () => {
  it("comes back with its answer to the process that asked, though all of a service share one address", async () => {
    const [topic, service] = [unique("double."), unique()];
    const [one, two, responder] = [await newBus(service), await newBus(service), await newBus(unique())];
    await responder.respond<number>(topic, (number) => number * 2);
    const numbers = Array.from({ length: 20 }, (_, number) => number);
    const answers = await Promise.all(numbers.map((number) => (number % 2 === 0 ? one : two).request(topic, number)));
    expect(answers).toEqual(numbers.map((number) => number * 2));
  });

  it("is handled by one member of the group of responders, once", async () => {
    const [topic, service] = [unique("who."), unique()];
    const asking = await newBus(unique());
    let handled = 0;
    for (let member = 0; member < 3; member++) await (await newBus(service)).respond(topic, () => ++handled);
    for (let number = 1; number <= 10; number++) expect(await asking.request(topic, 0)).toBe(number);
    expect(handled).toBe(10);
  });

  it("is rejected at once where nobody responds, and reaches one that responds to a wildcard and is found only later", async () => {
    const bus = await newBus(unique());
    const token = unique();
    await expect(bus.request(`${token}.a`, 1, { timeoutMs: 25_000 })).rejects.toMatchObject({
      code: "BUSBAR_NO_SUBSCRIBER",
      retryable: true,
    });
    await bus.respond(`${token}.*`, () => "here");
    expect(await bus.request(`${token}.b`, 1)).toBe("here");
  });

  it("says to the driver whether anybody reads it: a group, a plain client's too, or a wildcard", async () => {
    const broker = await openBroker();
    const topic = unique("_busbar.rpc.");
    const asking = { delivery: "at-most-once", replyTo: unique("answers."), correlationId: "1" } as const;
    const ask = (address: string) => broker.publish(record(address, "", asking));
    expect(await ask(`${topic}.a`)).toMatchObject({ routed: false });
    // Neither a wildcard of users, which means nothing of the bus's own, nor one over other topics.
    const once = { delivery: "at-most-once", group: "g", durable: false } as const;
    const others = [
      await broker.subscribe(request("**", once), () => undefined),
      await broker.subscribe(request(`${topic}.other.*`, once), () => undefined),
    ];
    expect(await ask(`${topic}.b`)).toMatchObject({ routed: false });
    const inbox = acknowledging();
    const wide = await broker.subscribe(request(`${topic}.wide.*`, once), inbox.sink);
    expect(await ask(`${topic}.wide.a`)).toMatchObject({ routed: true });
    await inbox.received(1);
    expect(inbox.deliveries[0]?.record).toMatchObject({ replyTo: asking.replyTo, correlationId: "1" });
    await (await foreignClient()).sendCommand(["XGROUP", "CREATE", `busbar:${topic}.plain`, "g", "$", "MKSTREAM"]);
    expect(await ask(`${topic}.plain`)).toMatchObject({ routed: true });
    expect(await broker.publish(record(topic, "", { delivery: "at-most-once" }))).not.toHaveProperty("routed");
    for (const subscriber of [...others, wide]) await subscriber.remove();
  });
});
