import { describe, expect, test } from "vitest";
import { help, parseOrder } from "../../tools/demo/command-line.mjs";

describe("the demo's command line", () => {
  test("means weather in memory when it is empty", () => {
    expect(parseOrder([])).toEqual({ example: "weather", brokers: ["memory"], stations: 0, deadlineMs: 180_000 });
  });

  test("takes a broker, stations and a deadline", () => {
    expect(parseOrder(["--on", "kafka", "--stations", "400", "--deadline", "60"])).toEqual({
      example: "weather",
      brokers: ["kafka"],
      stations: 400,
      deadlineMs: 60_000,
    });
  });

  test("means memory and one of each adapter by all", () => {
    expect(parseOrder(["--on", "all"]).brokers).toEqual(["memory", "mqtt", "amqp", "kafka", "nats", "redis"]);
  });

  test("takes several brokers, each once", () => {
    expect(parseOrder(["--on", "mqtt,kafka,mqtt"]).brokers).toEqual(["mqtt", "kafka"]);
  });

  test("takes another example", () => {
    expect(parseOrder(["order", "--on", "nats"])).toMatchObject({ example: "order", brokers: ["nats"] });
    expect(parseOrder(["devices"])).toMatchObject({ example: "devices", brokers: ["mqtt"] });
    expect(parseOrder(["browser"])).toMatchObject({ example: "browser", brokers: ["mqtt"] });
    expect(() => parseOrder(["interop", "--on", "nats"])).toThrow('--on "nats": known are amqp.');
    expect(parseOrder(["qos"])).toMatchObject({ example: "qos", brokers: ["mqtt"] });
    expect(() => parseOrder(["qos", "--on", "kafka"])).toThrow('--on "kafka": known are mqtt, mqtt-ws, hivemq.');
    expect(parseOrder(["--help"]).example).toBe("help");
    expect(help).toContain("--stations");
  });

  test.each([
    [["--on", "rabbit"], /--on "rabbit": known are memory, mqtt, amqp, .*redis, .*nats-core, all\./],
    [["--on", "mqtt,rabbit"], /--on "rabbit": known are memory/],
    [["order", "--on", "mqtt,nats"], /--on "mqtt,nats": known are memory/],
    [["order", "--on", "all"], /--on "all": known are memory, mqtt, amqp, .*nats-core\./],
    [["wether"], /no example "wether"; known are weather, order, hello, devices, interop, qos, browser/],
    [["order", "hello"], /no example "hello"; known are .* one at a time/],
    [["--station", "4"], /--station/],
    [["--stations", "many"], /--stations "many" is not a whole number from 0 to 5000/],
    [["--stations", "5001"], /from 0 to 5000/],
    [["--deadline", "0"], /--deadline "0" is not a whole number from 1/],
    [["hello", "--stations", "4"], /belong to the example weather/],
  ])("refuses %j and says why", (args, reason) => {
    expect(() => parseOrder(args)).toThrow(reason);
  });
});
