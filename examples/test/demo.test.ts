import { describe, expect, test } from "vitest";
import { demo, row } from "./run-demo.ts";

describe("npm run demo", { timeout: 120_000 }, () => {
  test("handles 2,922 readings in memory and proves it", async () => {
    const { code, output } = await demo([]);
    expect(output).toContain("Every reading was handled by every service");
    expect(code).toBe(0);
    expect(row(output, "readings published")).toEqual(["2,922", "2,922"]);
    for (const service of ["saver", "statistics", "watch"])
      expect(row(output, `handled by ${service}`)).toEqual(["2,922", "2,922"]);
    expect(row(output, "alerts of frost")).toEqual(["336", "336"]);
    expect(row(output, "alerts of storm")).toEqual(["23", "23"]);
    expect(row(output, "out of order")).toEqual(["0", "0"]);
    const [expected, seen] = row(output, "checksum of the readings");
    expect(seen).toMatch(/^[0-9a-f]{12}$/);
    expect(seen).toBe(expected);
  });

  test("keeps the order of invented stations as well", async () => {
    const { code, output } = await demo(["--stations", "40"]);
    expect(code).toBe(0);
    expect(row(output, "readings published")).toEqual(["3,122", "3,122"]);
    expect(row(output, "out of order")).toEqual(["0", "0"]);
  });

  test("fails when it is not done in time, and says how far it came", async () => {
    const { code, output } = await demo(["--stations", "5000", "--deadline", "1"]);
    expect(code).toBe(1);
    expect(output).toMatch(/memory: Not done after 1 s: published \d+ of 27922, saver \d+/);
  });

  test("stops in order on Ctrl-C", async () => {
    let asked = false;
    const { code, output } = await demo(["--stations", "5000"], (soFar, child) => {
      if (asked || !/published \d/.test(soFar)) return;
      asked = true;
      child.kill("SIGINT");
    });
    expect(asked).toBe(true);
    expect(code).toBe(130);
    expect(output).toContain("everything that was started has ended");
  });

  test("says what it does not understand, and what it does", async () => {
    const { code, output } = await demo(["--on", "pigeon"]);
    expect(code).toBe(2);
    expect(output).toMatch(/--on "pigeon": known are memory, mqtt, amqp, kafka, nats, .*all\./);
    expect(output).toContain("Usage: npm run demo");
  });
});

describe("the other examples", { timeout: 60_000 }, () => {
  test("hello says hello", async () => {
    const { code, output } = await demo(["hello"]);
    expect(code).toBe(0);
    expect(output).toContain("greeting.english: Hello, world");
  });

  test("order does every step three times, the last one also after it was away", async () => {
    const { code, output } = await demo(["order"]);
    expect(code).toBe(0);
    for (const step of ["points", "coupon", "notice"]) expect(output.split(`${step} done`)).toHaveLength(4);
    expect(output).toMatch(/coupon comes back\n.*coupon done\n/);
  });

  test("shows what becomes of messages to a subscriber that is away from MQTT", async () => {
    const { code, output } = await demo(["qos"]);
    expect(code).toBe(0);
    const cells = ["clean    QoS 0", "clean    QoS 1", "kept     QoS 0", "kept     QoS 1"].map((cell) =>
      row(output, cell).join(" "),
    );
    const missed = "one, two, three";
    expect(cells).toEqual([`${missed} nothing`, `${missed} nothing`, `${missed} nothing`, `${missed} ${missed}`]);
  });
});
