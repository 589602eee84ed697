import { RemoteError } from "@busbar/core";
import { expect, it } from "vitest";
import { allBrokers, describeOn } from "./brokers.ts";
import { OpenBuses, unique } from "./open-buses.ts";

describeOn(allBrokers, "a request", ({ name, url }) => {
  const buses = new OpenBuses();

  it("gets its own answer, a hundred at a time of two processes of one service", { timeout: 60_000 }, async () => {
    const [server, first, second] = await Promise.all([buses.connect(url), buses.connect(url), buses.connect(url)]);
    const topic = unique("square");
    await server.respond<{ caller: number; number: number }>(topic, { concurrency: 16 }, async (asked) => {
      await new Promise((resolve) => setImmediate(resolve));
      return { ...asked, square: asked.number * asked.number };
    });

    const asked = Array.from({ length: 200 }, (_, index) => ({ caller: index % 2, number: index }));
    const answers = await Promise.all(asked.map((one) => (one.caller === 0 ? first : second).request(topic, one)));

    expect(answers).toEqual(asked.map((one) => ({ ...one, square: one.number * one.number })));
  });

  it("is rejected with what its handler threw", async () => {
    const bus = await buses.connect(url);
    const topic = unique("fail");
    await bus.respond(topic, () => {
      throw new RangeError("not like this");
    });

    const error: unknown = await bus.request(topic, 1).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ code: "BUSBAR_REMOTE", remoteName: "RangeError", topic, broker: "main" });
    expect((error as Error).message).toContain("not like this");
  });

  it("is answered with 3 MB, or rejected with the reason where that is more than the broker takes (1 MB on NATS and Kafka)", async () => {
    const bus = await buses.connect(url);
    const topic = unique("large");
    await bus.respond<number>(topic, (size) => new Uint8Array(size));

    const outcome: unknown = await bus.request<Uint8Array>(topic, 3_000_000).then(
      ({ length }) => ({ length }),
      (error: unknown) => error,
    );

    const message = expect.stringContaining("3000000 bytes") as string;
    const refused = { code: "BUSBAR_REMOTE", remoteName: "RefusedError", topic, message };
    expect(outcome).toMatchObject(name === "nats" || name === "kafka" ? refused : { length: 3_000_000 });
    expect(await bus.request(topic, 10)).toHaveLength(10);
  });

  it("is rejected in time where nobody responds, at once where the broker can tell", async () => {
    const bus = await buses.connect(url);
    const topic = unique("nobody");

    const error: unknown = await bus.request(topic, 1, { timeoutMs: 1_500 }).catch((thrown: unknown) => thrown);

    const tells = name !== "kafka";
    const code = tells ? "BUSBAR_NO_SUBSCRIBER" : "BUSBAR_TIMEOUT";
    expect(error).toMatchObject({ code, retryable: true, topic, broker: "main" });
  });

  it("is not executed once it has expired", async () => {
    const bus = await buses.connect(url);
    const topic = unique("slow");
    const executed: unknown[] = [];
    let release: (value: string) => void = () => undefined;
    const responder = await bus.respond(topic, { concurrency: 1 }, (payload) => {
      executed.push(payload);
      return payload === "first" ? new Promise<string>((resolve) => (release = resolve)) : payload;
    });
    // Whatever the first request has to make at the broker is made now.
    expect(await bus.request(topic, "warm")).toBe("warm");

    const first = bus.request(topic, "first", { timeoutMs: 4_000 });
    await expect.poll(() => executed, { timeout: 3_000 }).toEqual(["warm", "first"]);
    const second = bus.request(topic, "second", { timeoutMs: 400 });
    await expect(second).rejects.toMatchObject({ code: "BUSBAR_TIMEOUT", retryable: true });
    release("late but in time");

    expect(await first).toBe("late but in time");
    expect(await bus.request(topic, "third")).toBe("third");
    await expect.poll(() => responder.health().running).toBe(0);
    expect(executed).toEqual(["warm", "first", "third"]);
  });

  it("is given up when its signal aborts, and another one still works", async () => {
    const bus = await buses.connect(url);
    const topic = unique("never");
    const started: unknown[] = [];
    await bus.respond(topic, (payload) => {
      started.push(payload);
      return payload === "hang" ? new Promise(() => undefined) : payload;
    });
    const controller = new AbortController();

    const hanging = bus.request(topic, "hang", { signal: controller.signal });
    await expect.poll(() => started, { timeout: 10_000 }).toEqual(["hang"]);
    controller.abort(new Error("enough"));

    await expect(hanging).rejects.toMatchObject({ code: "BUSBAR_CANCELED", topic });
    expect(await bus.request(topic, "again")).toBe("again");
  });

  it("goes to one of those that share a group, and under a wildcard to a topic of its own", async () => {
    const [one, two] = await Promise.all([buses.connect(url), buses.connect(url)]);
    const topic = unique("shared");
    const runs: unknown[] = [];
    const respond = (payload: unknown): unknown => {
      runs.push(payload);
      return payload;
    };
    await Promise.all([one.respond(topic, respond), two.respond(topic, respond)]);
    const numbers = Array.from({ length: 20 }, (_, number) => number);

    const answers = await Promise.all(numbers.map((number) => one.request(topic, number)));

    expect(answers).toEqual(numbers);
    expect(runs.toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers);
  });

  it("reaches a responder of a wildcard, which sees the topic and its parameters", { timeout: 60_000 }, async () => {
    const bus = await buses.connect(url);
    const topic = unique("room");
    await bus.respond(`${topic}.{room}.light`, (payload, message) => [message.topic, message.params, payload]);

    const answer = await bus.request(`${topic}.kitchen.light`, "on");

    expect(answer).toEqual([`${topic}.kitchen.light`, { room: "kitchen" }, "on"]);
  });

  it("is seen by no subscription, however wide", async () => {
    const bus = await buses.connect(url);
    const topic = unique("wide");
    const seen: unknown[] = [];
    await bus.publish(`${topic}.marker`, "first");
    await bus.subscribe(`${topic}.**`, (payload) => seen.push(payload));
    await bus.respond(`${topic}.echo`, (payload) => payload);

    expect(await bus.request(`${topic}.echo`, "request")).toBe("request");
    await bus.publish(`${topic}.marker`, "marker");

    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(["marker"]);
  });
});
