import { connect } from "@busbar/core";
import { InvalidArgumentError } from "@busbar/core/driver";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { busTopic, collisions, deadLetterTopic, isInternal, topicName } from "../../src/topic.ts";
import { adapter } from "../../src/index.ts";

const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
const oddToken = fc.oneof(token, fc.constantFrom("_x0_", "_x5F_x0_", "_x20_", "x0_", "_x_x0_"));
const name = fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/).filter((text) => text !== "." && text !== "..");

describe("the names of topics", () => {
  it("are the same on both sides", () => {
    expect(topicName("sensor.kitchen.temperature")).toBe("sensor.kitchen.temperature");
    expect(busTopic("sensor.kitchen.temperature")).toBe("sensor.kitchen.temperature");
  });

  it("map every bus topic that Kafka has a name for to that name and back", () => {
    fc.assert(
      fc.property(fc.array(oddToken, { minLength: 1, maxLength: 5 }), (tokens) => {
        const topic = tokens.join(".");
        let native: string;
        try {
          native = topicName(topic);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidArgumentError);
          return;
        }
        expect(busTopic(native)).toBe(topic);
      }),
    );
  });

  it("map every Kafka name to a bus topic of tokens and back", () => {
    fc.assert(
      fc.property(name, (native) => {
        const topic = busTopic(native);
        expect(topic).toMatch(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/);
        expect(topicName(topic)).toBe(native);
      }),
    );
  });

  it("are refused where Kafka has none", () => {
    for (const topic of ["_x0_", "_x0_._x0_", "a.".repeat(130), "a b"])
      expect(() => topicName(topic)).toThrow(InvalidArgumentError);
  });

  it("collide as Kafka says", () => {
    expect(collisions(["a.b_c", "x", "a_b.c", "a.b_c"])).toEqual([
      expect.stringContaining('"a_b.c" beside "a.b_c"') as string,
    ]);
    expect(collisions(["a.b", "a-b", "a.b"])).toEqual([]);
  });

  it("that one configuration names are compared before anything is sent", async () => {
    const main = { url: "kafka://127.0.0.1:1", adapter, fold: { "sensor.**": "sensor_all", "plant.**": "plants" } };
    const config = { brokers: { main, other: "memory:" }, routes: { "sensor.all": "main", plant_s: "other" } };
    await expect(connect(config)).rejects.toMatchObject({
      code: "BUSBAR_CONFIG",
      problems: [expect.stringMatching(/^brokers\.main: .*"sensor\.all" beside "sensor_all"/)],
    });
  });

  it("know Kafka's own", () => {
    expect(isInternal("__consumer_offsets")).toBe(true);
    expect(isInternal("__mine")).toBe(false);
  });

  it("of dead letters are legal for every group, and differ for different ones", () => {
    expect(deadLetterTopic("saver")).toBe("_busbar.dlq.saver");
    expect(deadLetterTopic(" x0 ")).toBe("_busbar.dlq._x20_x0_x20_");
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 15 }),
        fc.string({ minLength: 1, maxLength: 15 }),
        (one, other) => {
          expect(deadLetterTopic(one)).toMatch(/^_busbar\.dlq\.[A-Za-z0-9_-]+$/);
          if (one !== other) expect(deadLetterTopic(one)).not.toBe(deadLetterTopic(other));
        },
      ),
    );
  });
});
