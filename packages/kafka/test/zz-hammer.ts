import { kafka } from "../src/index.ts";
import { bodies, collect, numbers, record, request, unique } from "./fixtures.ts";
const url = process.argv[2]!;
const client = process.argv[3]! as "kafkajs";
const parallel = Number(process.argv[4]);
const rounds = Number(process.argv[5]);
const native = { client, heartbeatIntervalMs: 200, fetchWaitMs: 100, topicPollMs: 300, partitions: 3, revokeWaitMs: 2000 };
let slow = 0;
async function one(round: number) {
  const broker = kafka({ url, native });
  const started = Date.now();
  const log: string[] = [];
  const say = (text: string) => log.push(`${Date.now() - started} ${text}`);
  broker.onStatus((s) => say(JSON.stringify(s, (k, v) => v instanceof Error ? String(v) : v)));
  await broker.open();
  say("open");
  const stem = unique("wild");
  const { inbox, subscriber } = await collect(broker, request(`${stem}.*`));
  say("subscribed");
  const publishAll = (t: string, x: string[]) => Promise.all(x.map((y) => broker.publish(record(t, y))));
  await publishAll(`${stem}.one`, numbers(3));
  say("published one");
  await broker.publish(record(`${stem}.two.deeper`, "no"));
  say("published deeper");
  try {
    await inbox.count(3);
    say("3 came");
    await publishAll(`${stem}.two`, numbers(3, 10));
    say("published two");
    await inbox.count(6);
    say("6 came");
  } catch (e) { say(String(e)); say(JSON.stringify(bodies(inbox.items))); console.log("FAILED", round, stem, log.join("\n   ")); slow++; }
  const took = Date.now() - started;
  if (took > 15000) console.log("slow", took, log.join("\n   "));
  await subscriber.remove();
  await broker.close();
  return took;
}
const all: number[] = [];
for (let r = 0; r < rounds; r++) {
  const t = await Promise.all(Array.from({ length: parallel }, () => one(r)));
  all.push(...t);
  console.log(r, Math.min(...t), Math.max(...t));
}
console.log("failed", slow, "max", Math.max(...all));
