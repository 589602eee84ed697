import type { OpenClient } from "./client.ts";

/** Loads one client and nothing of the others. */
const openers: Readonly<Record<string, () => Promise<OpenClient>>> = {
  "mqtt expert": async () => (await import("./mqtt-expert.ts")).openMqttExpert,
  "mqtt quick-start": async () => (await import("./mqtt-quick-start.ts")).openMqttQuickStart,
  "amqp expert": async () => (await import("./amqp-expert.ts")).openAmqpExpert,
  "amqp quick-start": async () => (await import("./amqp-quick-start.ts")).openAmqpQuickStart,
  "nats expert": async () => (await import("./nats-expert.ts")).openNatsExpert,
  "nats quick-start": async () => (await import("./nats-quick-start.ts")).openNatsQuickStart,
  "kafka expert": async () => (await import("./kafka-expert.ts")).openKafkaExpert,
  "kafka bus-platformatic": async () => (await import("./bus.ts")).openBusWithPlatformatic,
  "kafka quick-start": async () => (await import("./kafka-quick-start.ts")).openKafkaQuickStart,
  "redis expert": async () => (await import("./redis-expert.ts")).openRedisExpert,
  "redis quick-start": async () => (await import("./redis-quick-start.ts")).openRedisQuickStart,
};

const installedPeers: readonly string[] = ["nest", "moleculer"];

/** Resolves to what opens the client; rejects where there is none of that name for the protocol. */
export async function openerOf(on: string, client: string): Promise<OpenClient> {
  if (client === "bus") return (await import("./bus.ts")).openBus;
  if (installedPeers.includes(client)) {
    // They stand in a folder of their own, with modules of their own.
    const place = new URL(`../../peers/${client}.mjs`, import.meta.url);
    return ((await import(place.href)) as { readonly open: OpenClient }).open;
  }
  const load = openers[`${on} ${client}`];
  if (load === undefined) throw new Error(`There is no client "${client}" for ${on}.`);
  return load();
}
