// Records what the real brokers say while a bus connects, subscribes, publishes and closes, into the folder beside this file:
// node --conditions=@busbar/source --import tsx integration/hostile/record.ts   (with the BUSBAR_TEST_… variables of "npm run brokers -- status")
import { writeFileSync } from "node:fs";
import { createServer, connect as dial } from "node:net";
import type { AddressInfo } from "node:net";
import { connect } from "@busbar/core";
import { ownServer } from "../../tools/conformance/own-server.mjs";
import { everyRealBroker } from "../test/brokers.ts";
import type { KeptConversation } from "./conversation.ts";
import { framesOf } from "./kafka-answers.ts";

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
  const connections: { readonly asked: Buffer[]; readonly said: Buffer[] }[] = [];
  const server = createServer((client) => {
    const connection = { asked: [] as Buffer[], said: [] as Buffer[] };
    connections.push(connection);
    const upstream = dial({ host: "127.0.0.1", port: target });
    client.on("close", () => upstream.destroy());
    client.on("data", (bytes: Buffer) => {
      connection.asked.push(bytes);
      upstream.write(bytes);
    });
    upstream.on("data", (bytes: Buffer) => {
      connection.said.push(bytes);
      client.write(bytes);
    });
    for (const socket of [client, upstream]) socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(own?.proxied?.listen ?? 0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  way.port = String(port);
  // Once before: what a server does only the first time takes longer than a replay waits.
  await converse(way.href, native, "before.reading");
  connections.length = 0;
  await converse(way.href, native, "recorded.reading");
  server.close();
  await own?.close();
  writeFileSync(
    new URL(`${file}.json`, import.meta.url),
    `${JSON.stringify(kept(name, port, connections), null, 1)}\n`,
  );
  console.log(`${file}: ${connections.length} connections`);
}

async function converse(url: string, native: Record<string, unknown>, topic: string): Promise<void> {
  const bus = await connect({ service: "recorded", instance: "one", brokers: { main: { url, native } } });
  let handled = (): void => undefined;
  const isHandled = new Promise<void>((resolve) => (handled = resolve));
  const subscription = await bus.subscribe(topic, { group: "saver" }, () => handled());
  await bus.publish(topic, { celsius: 21.5 }, { key: "kitchen" });
  await isHandled;
  await subscription.close();
  await bus.forget({ filter: topic, group: "saver" });
  await bus.close();
}

function kept(
  name: string,
  port: number,
  connections: readonly { readonly asked: readonly Buffer[]; readonly said: readonly Buffer[] }[],
): KeptConversation {
  const text = (chunks: readonly Buffer[]): string[] => chunks.map((chunk) => chunk.toString("base64"));
  if (name !== "kafka") return { port, connections: connections.map(({ said }) => text(said)) };
  const frames = (chunks: readonly Buffer[]): readonly Buffer[] => framesOf(Buffer.concat(chunks)).frames;
  const answers = connections.map(({ said }) => frames(said));
  // What was asked last may not have been answered any more.
  const questions = connections.map(({ asked }, index) => frames(asked).slice(0, answers[index]?.length));
  return { port, connections: answers.map(text), questions: questions.map(text) };
}
