import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { connect } from "@busbar/core";

// What a panel on the wall sees of two devices, of which one is switched off and one dies.
const bus = await connect({
  service: "panel",
  instance: "one",
  brokers: { main: { url: process.env["BUSBAR_URL"] ?? "mqtt://127.0.0.1:1883", native: { emptyRetained: "clear" } } },
});
const seen = new Map<string, unknown>();
const waiting = new Set<() => void>();

async function until(topic: string, value: unknown): Promise<void> {
  while (seen.get(topic) !== value) await new Promise<void>((resolve) => waiting.add(resolve));
}

async function startDevice(id: string): Promise<ChildProcess> {
  const device = fork(fileURLToPath(new URL("device.ts", import.meta.url)), [id]);
  await once(device, "message");
  return device;
}

const kettle = await startDevice("kettle");
const oven = await startDevice("oven");

// The panel comes later than the devices: what they said last is kept at the broker.
const panel = await bus.subscribe("device.{id}.{what}", (value, { topic, retained }) => {
  console.log(`${topic} ${JSON.stringify(value)}${retained ? " (kept)" : ""}`);
  seen.set(topic, value);
  for (const look of waiting) look();
  waiting.clear();
});
for (const id of ["kettle", "oven"]) {
  await until(`device.${id}.presence`, "here");
  await until(`device.${id}.celsius`, 96);
}

console.log("The kettle is switched off:");
kettle.kill("SIGTERM");
await until("device.kettle.presence", "off");

console.log("The oven loses its power:");
oven.kill("SIGKILL");
await until("device.oven.presence", "gone");

await panel.close();
// Nothing in place of the last values: nothing is left of this example.
for (const topic of seen.keys()) await bus.publish(topic, new Uint8Array(0), { retain: true });
await bus.close();
