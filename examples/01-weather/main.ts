import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { BusServer, busModule, handlersModule } from "@busbar/core/di";
import { Container } from "inversify";
import { ReadingPublisher } from "./data/reading-publisher.ts";
import { readReadings } from "./data/read-readings.ts";
import { Tally } from "./model/tally.ts";
import { isService, services } from "./parts.ts";
import { Report } from "./report.ts";
import { weatherModule } from "./weather-module.ts";

const { env } = process;
const readings = env["WEATHER_CSV"] ?? fileURLToPath(new URL("weather.csv", import.meta.url));
const saved = env["WEATHER_SAVED"] ?? "readings.csv";
const statistics = env["WEATHER_STATISTICS"] ?? "statistics.json";

const parts = process.argv.slice(2);
if (parts.length === 0 || parts.some((part) => part !== "publisher" && !isService(part))) {
  console.error(`Usage: main.ts <part>…, where a part is publisher, ${Object.keys(services).join(", ")}`);
  process.exit(2);
}

const container = new Container();
const handlers = parts.filter(isService).map((name) => services[name]);
container.load(busModule(), weatherModule({ saved, statistics }), handlersModule(handlers));

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => stop.abort());

const report = new Report(container.get(Tally));
const server = container.get(BusServer);
await server.start();
report.ready();

if (parts.includes("publisher")) {
  const all = await readReadings(readings);
  report.publishing();
  await container.get(ReadingPublisher).publishAll(all, stop.signal);
}
if (handlers.length > 0 && !stop.signal.aborted) await once(stop.signal, "abort");

await server.stop();
await container.unbindAllAsync();
report.end();
