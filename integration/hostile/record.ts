// Records what the real brokers say while a bus connects, subscribes, publishes and closes, into the folder beside this file:
// node --conditions=@busbar/source --import tsx integration/hostile/record.ts   (with the BUSBAR_TEST_… variables of "npm run brokers -- status")
import { writeFileSync } from "node:fs";
import { createServer, connect as dial } from "node:net";
import type { AddressInfo } from "node:net";
import { connect } from "@busbar/core";
import { ownServer } from "../../tools/conformance/own-server.mjs";
import { everyRealBroker } from "../test/brokers.ts";

const recorded = everyRealBroker.flatMap(({ name, url }) => [
  { name, url, file: name, native: {} },
  // Of Kafka there are two clients, which ask differently.
  ...(name === "kafka" ? [{ name, url, file: "kafka-platformatic", native: { client: "platformatic" } }] : []),
]);

for (const { name, url, file, native } of recorded) {
  if (url === undefined) continue;
  // Kafka says where it is, which has to be where the recording listens.
  const own = name === "kafka" ? await ownServer("kafka", { isBehindProxy: true })() : undefined;
  if (own !== undefined && "missing" in own) throw new Error(own.missing);
  const way = new URL(url);
  const target = own?.proxied?.target ?? Number(way.port);
  const connections: string[][] = [];
  const server = createServer((client) => {
    const chunks: string[] = [];
    connections.push(chunks);
    const upstream = dial({ host: "127.0.0.1", port: target });
    client.on("data", (bytes) => upstream.write(bytes)).on("close", () => upstream.destroy());
    upstream.on("data", (bytes: Buffer) => {
      chunks.push(bytes.toString("base64"));
      client.write(bytes);
    });
    for (const socket of [client, upstream]) socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(own?.proxied?.listen ?? 0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  way.port = String(port);
  const bus = await connect({ service: "recorded", instance: "one", brokers: { main: { url: way.href, native } } });
  let handled = (): void => undefined;
  const isHandled = new Promise<void>((resolve) => (handled = resolve));
  const subscription = await bus.subscribe("recorded.reading", { group: "saver" }, () => handled());
  await bus.publish("recorded.reading", { celsius: 21.5 }, { key: "kitchen" });
  await isHandled;
  await subscription.close();
  await bus.forget({ filter: "recorded.reading", group: "saver" });
  await bus.close();
  server.close();
  await own?.close();
  writeFileSync(new URL(`${file}.json`, import.meta.url), `${JSON.stringify({ port, connections }, null, 1)}\n`);
  console.log(`${file}: ${connections.length} connections`);
}
