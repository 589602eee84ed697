import { RefusedError } from "@busbar/core/driver";
import { describe, expect, it } from "vitest";
import type { ClientControl, KafkaClient, TopicPlan } from "../../src/client.ts";
import { Control } from "../../src/control.ts";
import { checkOptions } from "../../src/options.ts";
import type { KafkaOptions } from "../../src/options.ts";
import { Topics } from "../../src/topics.ts";
import { rejection } from "../fixtures.ts";

/** A cluster with these topics. */
function cluster(names: readonly string[], options: Partial<KafkaOptions> = {}) {
  const made: TopicPlan[] = [];
  const asked: string[] = [];
  const all = new Set(names);
  const control: Partial<ClientControl> = {
    topics: () => Promise.resolve([...all]),
    partitionCount: (topic) => {
      asked.push(topic);
      return Promise.resolve(all.has(topic) ? 1 : 0);
    },
    createTopic: (plan) => {
      made.push(plan);
      if (plan.name.includes("_"))
        return Promise.reject(Object.assign(new Error("no"), { type: "INVALID_TOPIC_EXCEPTION" }));
      all.add(plan.name);
      return Promise.resolve();
    },
    setting: () => Promise.resolve("1000"),
    close: () => {},
  };
  const client: Partial<KafkaClient> = { connectControl: () => Promise.resolve(control as ClientControl) };
  const settings = checkOptions({ url: "kafka://host", ...options });
  return { topics: new Topics(new Control(client as KafkaClient), settings), made, asked, all };
}

describe("topics", () => {
  it("that fit a filter are found, without Kafka's own and the bus's", async () => {
    const { topics } = cluster([
      "b.x",
      "a.x",
      "a.x.y",
      "a",
      "_busbar.dlq.g",
      "__consumer_offsets",
      "__transaction_state",
      "a..x",
    ]);
    expect(await topics.matching("**")).toEqual(["a", "a..x", "a.x", "a.x.y", "b.x"]);
    expect(await topics.matching("*.x")).toEqual(["a.x", "b.x"]);
    expect(await topics.matching("a.**")).toEqual(["a..x", "a.x", "a.x.y"]);
  });

  it("of requests are found by a filter that asks for them", async () => {
    const { topics } = cluster(["_busbar.rpc.light.kitchen", "_busbar.rpc.light", "_busbar.dlq.g", "light.kitchen"]);
    expect(await topics.matching("_busbar.rpc.light.*")).toEqual(["_busbar.rpc.light.kitchen"]);
  });

  it("are made once, as configured, and asked for once", async () => {
    const { topics, made, asked } = cluster([], {
      native: { partitions: 3, replicationFactor: 2, topicConfig: { a: "1", b: "2" } },
    });
    const wanted = [topics.ensure("t", { b: "3" }), topics.ensure("t"), topics.ensure("t")];
    expect(await Promise.all(wanted)).toEqual(Array.from({ length: 3 }, () => ({ maxMessageBytes: 1_000 })));
    await topics.ensure("t");
    expect(made).toEqual([{ name: "t", partitions: 3, replicationFactor: 2, config: { a: "1", b: "3" } }]);
    expect(asked).toEqual(["t"]);
  });

  it("are only looked for with check, and not even that with assume", async () => {
    const strict = cluster(["there"], { topology: "check" });
    await strict.topics.ensure("there");
    const error = await rejection(strict.topics.ensure("missing"));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ code: "BUSBAR_NOT_FOUND", retryable: false });
    strict.all.add("missing");
    await strict.topics.ensure("missing");
    const blind = cluster([], { topology: "assume" });
    await blind.topics.ensure("missing");
    expect([strict.made, blind.made, blind.asked]).toEqual([[], [], []]);
  });

  it("whose names collide are refused with the other name", async () => {
    const { topics } = cluster(["a.b"]);
    expect(await rejection(topics.ensure("a_b"))).toMatchObject({
      retryable: false,
      message: expect.stringContaining('"a.b"') as unknown,
    });
  });

  it("that were there come back where they are made, or are there after all", async () => {
    expect(await cluster([]).topics.mayComeBack("t")).toBe(true);
    expect(await cluster([], { topology: "check" }).topics.mayComeBack("t")).toBe(false);
    expect(await cluster(["t"], { topology: "assume" }).topics.mayComeBack("t")).toBe(true);
  });
});
