import { connect } from "@busbar/core";
import { expect, it } from "vitest";
import { bodies, collect, numbers, request, unique } from "./fixtures.ts";
import { throughEachClient, url } from "./through-each-client.ts";

throughEachClient("a subscription", ({ broker, publishAll, committed }) => {
  it("gets everything from the moment that it resolved, and holds a place in every partition by then", async () => {
    const topic = unique("subscribe.now");
    await publishAll(topic, numbers(12));
    const wanted = request(topic);
    const { inbox, subscriber } = await collect(broker, wanted);
    const places = await committed(wanted.name);
    expect([...places.keys()].sort()).toEqual([0, 1, 2].map((partition) => `${topic}:${partition}`));
    expect([...places.values()].reduce((sum, offset) => sum + offset, 0)).toBe(12);
    await publishAll(topic, numbers(16, 100));
    expect(
      bodies(await inbox.count(16))
        .map(Number)
        .sort((one, other) => one - other),
    ).toEqual(numbers(16, 100).map(Number));
    await subscriber.remove();
    expect((await committed(wanted.name)).size).toBe(0);
  });

  it("never commits past a message that is not settled, and gives it to the next member with all behind it", async () => {
    const topic = unique("hole");
    const wanted = request(topic);
    const first = await collect(broker, wanted, { settle: false });
    await publishAll(topic, numbers(6), () => "one key");
    const [a, hole, ...rest] = await first.inbox.count(6);
    // Each commit counts, not only the last one: the process may die after any of them.
    for (const [settled, place] of [
      [rest, 0],
      [[a], 1],
    ] as const) {
      for (const delivery of settled) delivery?.settle("ack");
      await first.subscriber.flush();
      expect(Math.max(...(await committed(wanted.name)).values())).toBe(place);
    }
    await first.subscriber.close();
    expect(hole?.stale).toBe(true);
    const second = await collect(broker, wanted);
    expect(bodies(await second.inbox.count(5))).toEqual(["1", "2", "3", "4", "5"]);
    expect(second.inbox.items.map(({ position }) => position)).toContain(hole?.position);
    await second.subscriber.close();
  });

  it("is committed before the handler where at most once is asked for, and no more than there is credit for", async () => {
    const topic = unique("most.once");
    const wanted = request(topic, { delivery: "at-most-once", maxInFlight: 3 });
    const first = await collect(broker, wanted, { settle: false });
    await publishAll(topic, numbers(10), () => "k");
    await first.inbox.count(3);
    expect(Math.max(...(await committed(wanted.name)).values())).toBe(3);
    first.inbox.items[0]?.settle("ack");
    await first.inbox.count(4);
    await first.subscriber.close();
    const second = await collect(broker, wanted);
    const rest = bodies(await second.inbox.count(6));
    expect(rest).toEqual(["4", "5", "6", "7", "8", "9"]);
    await second.subscriber.remove();
  });

  it("without a group is a group of its own, deleted when it closes unless it is durable", async () => {
    const topic = unique("broadcast");
    const shapes = [{ durable: false }, { durable: true }].map(({ durable }) => {
      const { group: _, ...rest } = request(topic, { durable });
      return rest;
    });
    const everybody = await Promise.all(shapes.map((shape) => collect(broker, shape)));
    await publishAll(topic, numbers(3));
    for (const { inbox } of everybody) expect(bodies(await inbox.count(3)).sort()).toEqual(numbers(3));
    await Promise.all(everybody.map(({ subscriber }) => subscriber.close()));
    expect((await Promise.all(shapes.map(({ name }) => committed(name)))).map(({ size }) => size)).toEqual([0, 3]);
  });

  it("is known to last no longer than Kafka keeps its places, at the start and ever after", async () => {
    const warned: string[] = [];
    const logger = { info: () => undefined, warn: (line: string) => void warned.push(line), error: () => undefined };
    const bus = await connect({ service: unique("s"), instance: "0", brokers: { main: url }, logger });
    // What Kafka has unless it is told otherwise.
    const lasts = expect.stringMatching(/durable subscription .*10080 minutes .*offsets\.retention\.minutes/) as string;
    expect(warned).toEqual([lasts]);
    expect(bus.health().brokers[0]?.warnings).toEqual([lasts]);
    await bus.close();
  });

  it("tells how far it is behind", async () => {
    const topic = unique("lag");
    const wanted = request(topic);
    const { subscriber } = await collect(broker, wanted);
    await subscriber.close();
    await publishAll(topic, numbers(7));
    expect(await broker.lag.lag(wanted.name)).toBe(7);
    expect(await broker.lag.lag(unique("nobody"))).toBeUndefined();
  });
});
