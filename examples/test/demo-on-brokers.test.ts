import { describe, expect, test } from "vitest";
import { leaveOut } from "../../integration/support/leave-out.ts";
import { canStartInstance } from "../../tools/brokers/index.mjs";
import { demo, row } from "./run-demo.ts";

/** Whether there is what each of them runs on. */
const possible = {
  mqtt: isSet("BUSBAR_TEST_MOSQUITTO_URL"),
  "mqtt-ws": isSet("BUSBAR_TEST_MOSQUITTO_WS_URL"),
  "mqtt-tls": await canStartInstance("mosquitto"),
  amqp: isSet("BUSBAR_TEST_RABBITMQ_MQTT_URL"),
  "nats-core": isSet("BUSBAR_TEST_NATS_URL"),
  hivemq: await canStartInstance("hivemq"),
  kafka4: await canStartInstance("kafka4"),
};

for (const [name, isPossible] of Object.entries(possible))
  if (!isPossible) leaveOut(`the demo on ${name}, for there is no such broker.`);

function isSet(variable: string): boolean {
  return (process.env[variable] ?? "") !== "";
}

// Each of them is a handful of processes that start slowly and then wait for each other, so they start together.
describe.concurrent("npm run demo on what CI's own run of it leaves out", { timeout: 300_000 }, () => {
  test.skipIf(!possible.mqtt)("devices says that one device was switched off and that one has died", async () => {
    const { code, output } = await demo(["devices"]);
    expect(output).toContain("device.kettle.celsius 96 (kept)");
    expect(output).toMatch(/The kettle is switched off:\ndevice\.kettle\.presence "off"\n/);
    expect(output).toMatch(/The oven loses its power:\ndevice\.oven\.presence "gone"\n/);
    expect(output).not.toContain('device.kettle.presence "gone"');
    expect(code).toBe(0);
  });

  test.skipIf(!possible.amqp)("interop has each side hear the other", async () => {
    const { code, output } = await demo(["interop"]);
    expect(output).toContain("over AMQP: sensor.kitchen.temperature is 21.5 °C");
    expect(output).toContain("over MQTT: thermostat.kitchen shall be 20 °C");
    expect(code).toBe(0);
  });

  test.skipIf(!possible["mqtt-ws"])("browser serves a page that knows its broker, until Ctrl-C", async () => {
    let page: Promise<string> | undefined;
    const { code, output } = await demo(["browser"], (soFar, child) => {
      const [, url] = /^Open (http:\S+)$/m.exec(soFar) ?? [];
      if (url === undefined || page !== undefined) return;
      page = fetch(url)
        .then((answer) => answer.text())
        .finally(() => child.kill("SIGINT"));
    });
    expect(output).toMatch(/^Open http:\/\/127\.0\.0\.1:\d+\/\?broker=ws%3A%2F%2F127\.0\.0\.1%3A\d+%2Fmqtt$/m);
    expect(await page).toMatch(/<script type="module"[^>]* src="\.\/assets\//);
    expect(code).toBe(0);
  });

  // Redis is among those of --on all, which CI runs by itself.
  for (const on of ["mqtt-ws", "mqtt-tls", "hivemq", "kafka4"] as const)
    test.skipIf(!possible[on])(`--on ${on} saves what the CSV file holds`, async () => {
      const { code, output } = await demo(["--on", on]);
      const [expected, saved] = row(output, "checksum of the readings");
      expect(saved, output).toMatch(/^[0-9a-f]{12}$/);
      expect(saved).toBe(expected);
      expect(row(output, "readings published")).toEqual(["2,922", "2,922"]);
      expect(output).toContain("Every reading was handled by every service");
      expect(code).toBe(0);
    });

  test.skipIf(!possible["nats-core"])("--on nats-core says what was lost, and promises nothing", async () => {
    const { code, output } = await demo(["--on", "nats-core"]);
    const count = "[\\d,]+";
    const line = new RegExp(
      `nats-core promises nothing\\. Lost this time: (${count}) readings for saver, (${count}) readings for statistics, (${count}) readings for watch, ${count} alerts\\.`,
    ).exec(output);
    expect(line, output).not.toBeNull();
    // What the line says is what the report shows.
    for (const [index, service] of ["saver", "statistics", "watch"].entries()) {
      const [all, handled] = row(output, `handled by ${service}`).map(numberOf);
      expect(numberOf(line?.[index + 1] ?? ""), service).toBe((all ?? 0) - (handled ?? 0));
    }
    expect(output).not.toContain("Every reading was handled");
    expect(code).toBe(0);
  });
});

function numberOf(figure: string): number {
  return Number(figure.replaceAll(",", ""));
}
