// Records what the real brokers say while a bus connects, subscribes, publishes and closes, into the folder beside this file, each from a server of its own:
// node --conditions=@busbar/source --import tsx integration/hostile/record.ts [name…]   (names are those of recorded-servers.ts; without one all of them)
import { writeFileSync } from "node:fs";
import { connect } from "@busbar/core";
import { startInstance } from "../../tools/brokers/index.mjs";
import { behindProxy } from "../../tools/conformance/behind-proxy.mjs";
import { kept } from "./conversation.ts";
import type { Conversation } from "./conversation.ts";
import { Ears } from "./ears.ts";
import { languages } from "./languages.ts";
import { recordedServers } from "./recorded-servers.ts";
import type { RecordedServer } from "./recorded-servers.ts";

const names = process.argv.slice(2);
const unknown = names.filter((name) => !recordedServers.some((one) => one.name === name));
if (unknown.length > 0) throw new Error(`There is no ${unknown.join(", no ")} in recorded-servers.ts.`);

for (const recorded of recordedServers) {
  if (names.length > 0 && !names.includes(recorded.name)) continue;
  const conversation = await record(recorded);
  writeFileSync(new URL(`${recorded.name}.json`, import.meta.url), `${JSON.stringify(kept(conversation), null, 1)}\n`);
  console.log(`${recorded.name}: ${conversation.exchanges.length} questions`);
}

async function record({ protocol, broker, endpoint, scheme, native = {} }: RecordedServer): Promise<Conversation> {
  // Kafka says where it is, which has to be where the recording listens.
  const isKafka = scheme === "kafka";
  const instance = await startInstance(broker, { label: "recorded", ...(isKafka ? behindProxy : {}) });
  try {
    const way = new URL((endpoint === undefined ? undefined : instance.urls[endpoint]) ?? instance.url);
    const ears = new Ears(languages[protocol], instance.ports["proxied"] ?? Number(way.port));
    way.port = String(await ears.listen(instance.ports["proxy"] ?? 0));
    // Once before: what a server does only the first time takes longer than a replay waits.
    await converse(way.href, native, "before.reading");
    ears.forget();
    await converse(way.href, native, "recorded.reading");
    ears.close();
    return { port: Number(way.port), exchanges: ears.exchanges };
  } finally {
    await instance.destroy();
  }
}

async function converse(url: string, native: Readonly<Record<string, unknown>>, topic: string): Promise<void> {
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
