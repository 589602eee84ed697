import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect } from "@busbar/core";
import { bundle } from "./bundle.ts";
import { serve } from "./serve.ts";

// Serves the page, and publishes readings for it until Ctrl-C: npm run demo -- browser, or with a broker of yours
// BUSBAR_URL=mqtt://127.0.0.1:1883 BROKER_WS=ws://127.0.0.1:9001/mqtt node … examples/04-browser/main.ts
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());

const broker = process.env["BROKER_WS"] || "ws://127.0.0.1:9001/mqtt";
const folder = fileURLToPath(new URL("../../.busbar/browser", import.meta.url));
const site = await serve(await bundle(folder, ["@busbar/source"]), Number(process.env["PORT"] ?? 8080));
console.log(`Open ${site.url}?broker=${encodeURIComponent(broker)}`);

const bus = await connect();
await bus.subscribe("thermostat.kitchen", (target) => console.log("A page asks for", target));
for (let at = 0; !stop.signal.aborted; at++) {
  for (const room of ["kitchen", "cellar", "attic"])
    await bus.publish(`sensor.${room}.temperature`, { celsius: 18 + 4 * Math.sin(at / 10 + room.length) });
  await pause(1_000, undefined, { signal: stop.signal }).catch(() => undefined);
}
await bus.close();
await site.close();
