import { setTimeout as pause } from "node:timers/promises";
import { publishWindow } from "../clients/client.ts";
import { indexOf, payloadMaker } from "../payload.ts";
import { latencyOf } from "../statistics.ts";
import { Meters } from "./meters.ts";
import { Pump } from "./pump.ts";
import { Tally } from "./tally.ts";
import { keysOf, loadedTopic } from "./workload.ts";
import type { WarmWorkload } from "./workload.ts";

const tickMs = 1;
/** So many times as long as a throughput is measured: at 500/s, one in a hundred would else be a handful. */
const patience = 2;

/**
 * So many times as long as anything else is warmed up. A message that comes alone goes through other branches than hundreds that come together,
 * and at a few hundred a second the engine compiles them for seconds, beside the client: half as much processor time again, and twice the 99th
 * percentile for whoever has more code. A service has run for hours.
 */
const warmUpTimes = 10;

/**
 * From the call of publish to the call of the handler, at a fixed rate that does not wait for anything. Without a rate it is half of what goes
 * through end to end.
 */
export const latency: WarmWorkload = async (client, assignment) => {
  const { warmUpMs, measureMs, payloadBytes, rate } = assignment;
  const topic = loadedTopic(assignment);
  const payloadOf = payloadMaker(payloadBytes);
  const keyOf = keysOf(assignment);
  const publishedAt: number[] = [];
  const tookMs: number[] = [];
  const tally = new Tally((index) => {
    tookMs.push(performance.now() - (publishedAt[index] ?? 0));
    pump.handled();
  });
  const pump: Pump = new Pump({
    client,
    topic,
    payloadOf,
    keyOf,
    // At most once, a reader that does not keep up would lose some.
    unhandledAtMost: assignment.delivery === "at-most-once" ? publishWindow : Infinity,
    onPublish: () => publishedAt.push(performance.now()),
  });
  await client.subscribe(topic, (payload) => tally.take(payload));
  await pump.warmUp(warmUpMs);
  await tally.whenHandled(pump.published);
  let perSecond = rate;
  if (perSecond === 0) {
    const before = pump.published;
    const began = performance.now();
    await pump.run(measureMs / 2);
    await tally.whenHandled(pump.published);
    perSecond = ((pump.published - before) / (performance.now() - began)) * 500;
  }
  let refused: Error | undefined;
  let unconfirmed = 0;
  const confirmed = (error?: unknown): void => {
    unconfirmed--;
    if (error !== undefined && error !== null) refused ??= new Error("A publish was refused.", { cause: error });
  };
  const publishFor = async (forMs: number): Promise<void> => {
    const begin = performance.now();
    const first = publishedAt.length;
    for (let now = begin; now - begin < forMs; now = performance.now()) {
      const due = first + Math.floor(((now - begin) / 1000) * perSecond);
      while (publishedAt.length < due) {
        const payload = payloadOf(publishedAt.length);
        unconfirmed++;
        publishedAt.push(performance.now());
        client.publish(topic, payload, keyOf(indexOf(payload)), confirmed);
      }
      await pause(tickMs);
      if (refused !== undefined) throw refused;
    }
    await tally.whenHandled(publishedAt.length);
  };
  await publishFor(warmUpTimes * warmUpMs);
  return async () => {
    tookMs.length = 0;
    const duplicates = tally.duplicates;
    const meters = new Meters();
    meters.start();
    await publishFor(patience * measureMs);
    const sample = meters.stop(tookMs.length);
    const until = performance.now() + 10_000;
    while (unconfirmed > 0 && performance.now() < until) await pause(tickMs);
    if (unconfirmed > 0) throw new Error(`${unconfirmed} publishes were not confirmed.`);
    return {
      ...sample,
      duplicates: tally.duplicates - duplicates,
      latency: latencyOf(tookMs),
      extra: { rate: perSecond },
    };
  };
};
