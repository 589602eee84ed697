import { connect, memory, topic } from "@busbar/core";
import type { Bus, PublishOptions, SubscribeOptions, Topic } from "@busbar/core";
import { z } from "zod";
import { credit, publishWindow } from "../clients/client.ts";
import type { Client, Handle } from "../clients/client.ts";
import type { Assignment, Sample } from "../measurement.ts";
import { payloadMaker } from "../payload.ts";
import type { Payload } from "../payload.ts";
import { Meters } from "../workloads/meters.ts";
import { Pump } from "../workloads/pump.ts";
import { Tally } from "../workloads/tally.ts";
import { keysOf } from "../workloads/workload.ts";
import { openBareDriver } from "./bare-driver.ts";

const filler = z.string().optional();
const schema = z.object({ n: z.number(), station: filler, celsius: z.number().optional(), text: filler });

const threeHeaders = { tenant: "north", trace: "0123456789abcdef", source: "bench" };

/** What a stage does otherwise than the plainest. */
interface Variant {
  readonly publish?: PublishOptions;
  readonly subscribe?: SubscribeOptions;
  readonly isTyped?: boolean;
  readonly isAsync?: boolean;
  /** Over how many keys the messages are spread. */
  readonly keys?: number;
  readonly otherFilters?: number;
}

const variants: Readonly<Record<string, Variant>> = {
  publish: {},
  "at-most-once": { publish: { delivery: "at-most-once" }, subscribe: { delivery: "at-most-once" } },
  "at-least-once": {},
  keys: { keys: 100 },
  "10000-keys": { keys: 10_000 },
  "async-handler": { isAsync: true },
  headers: { publish: { headers: threeHeaders } },
  schema: { isTyped: true },
  "100-filters": { otherFilters: 99 },
  "10000-filters": { otherFilters: 9_999 },
};

/** Measures one stage of the bus in memory; the stage stands in place of a client. */
export async function pipeline(assignment: Assignment): Promise<Sample> {
  const { client: stage, name, warmUpMs, measureMs, payloadBytes } = assignment;
  if (stage === "json") return bareLoop(assignment);
  const tally = new Tally();
  const variant = variants[stage] ?? {};
  const counts = stage !== "publish";
  const client = stage === "driver" ? await openBareDriver(name) : await onBus(name, variant);
  if (counts) {
    await client.subscribe(
      topicOf(name),
      variant.isAsync === true ? afterOneTurn(tally) : (payload) => tally.take(payload),
    );
  }
  const pump = new Pump({
    client,
    topic: topicOf(name),
    payloadOf: payloadMaker(payloadBytes),
    keyOf: keysOf({ keys: variant.keys ?? 0 }),
    unhandledAtMost: Infinity,
  });
  await pump.warmUp(warmUpMs);
  if (counts) await tally.whenHandled(pump.published);
  const before = pump.published;
  const meters = new Meters();
  meters.start();
  await pump.run(measureMs);
  if (counts) await tally.whenHandled(pump.published);
  const sample = meters.stop(pump.published - before);
  await client.close();
  return { ...sample, duplicates: tally.duplicates };
}

function topicOf(name: string): string {
  return `${name}.seattle.temperature`;
}

function bareLoop({ payloadBytes, warmUpMs, measureMs }: Assignment): Sample {
  const payloadOf = payloadMaker(payloadBytes);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const runFor = (forMs: number): number => {
    const end = performance.now() + forMs;
    let messages = 0;
    for (; performance.now() < end; messages++)
      JSON.parse(decoder.decode(encoder.encode(JSON.stringify(payloadOf(messages)))));
    return messages;
  };
  runFor(warmUpMs);
  const meters = new Meters();
  meters.start();
  return { ...meters.stop(runFor(measureMs)), duplicates: 0 };
}

/** Handlers that end in the next turn of the event loop. */
function afterOneTurn(tally: Tally): Handle {
  return (payload) =>
    new Promise((resolve) => {
      setImmediate(() => {
        tally.take(payload);
        resolve();
      });
    });
}

async function onBus(name: string, variant: Variant): Promise<Client> {
  const bus = await connect({
    service: "bench",
    instance: "one",
    brokers: { main: memory({ url: `memory://${name}` }) },
  });
  const options: SubscribeOptions = { group: "bench", concurrency: 256, maxInFlight: credit, ...variant.subscribe };
  for (let index = 0; index < (variant.otherFilters ?? 0); index++)
    await bus.subscribe(`other-${index}.*.temperature`, { group: `other-${index}` }, unexpected);
  return clientOn(bus, options, variant);
}

function clientOn(bus: Bus, options: SubscribeOptions, { publish = {}, isTyped, otherFilters }: Variant): Client {
  const typed = (name: string): Topic<Payload> | string =>
    isTyped === true ? (topic(name, { schema }) as Topic<Payload>) : name;
  let target: Topic<Payload> | string | undefined;
  return {
    window: publishWindow,
    publish: (name, payload, key, confirmed) => {
      target ??= typed(name);
      bus
        .publish(target as string, payload, key === undefined ? publish : { ...publish, key })
        .then(() => confirmed(), confirmed);
    },
    subscribe: async (name, handle) => {
      const filter = otherFilters === undefined ? typed(name) : name.replace(".seattle.", ".*.");
      const subscription = await bus.subscribe(filter as string, options, handle as never);
      return { stop: () => subscription.close() };
    },
    close: () => bus.close(),
  };
}

function unexpected(): never {
  throw new Error("A message came to a filter that nobody published to.");
}
