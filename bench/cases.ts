import type { Case } from "./case.ts";
import type { Delivery } from "./measurement.ts";
import { stages } from "./pipeline/stages.ts";

/** Everybody who is compared in a run that is not a sweep, in the order in which they take turns. */
const everybody = ["expert", "quick-start", "bus"];
/** Those between whom it is close. */
const experts = ["expert", "bus"];

/** The bus with another client than the usual one, beside it where there is one. */
const otherClients: Readonly<Record<string, readonly string[]>> = { kafka: ["bus-platformatic"] };

/** Where at-most-once is another protocol, and not only another promise. */
const withoutConfirms: readonly string[] = ["mqtt", "nats"];

function levelsOf(on: string): readonly Delivery[] {
  return withoutConfirms.includes(on) ? ["at-least-once", "at-most-once"] : ["at-least-once"];
}

/** What is measured unless more is asked for: end to end at each level, and how long a message takes at 500 a second. */
export function usualCases(on: string): readonly Case[] {
  const levels = levelsOf(on);
  const others = otherClients[on] ?? [];
  return [
    ...levels.map((delivery): Case => {
      return { section: "end-to-end", on, workload: "end-to-end", delivery, clients: [...everybody, ...others] };
    }),
    ...levels.map((delivery): Case => {
      const setting = { rate: 500 };
      const clients = [...experts, ...others];
      return { section: "latency", on, workload: "latency", delivery, clients, change: "500/s", setting };
    }),
  ];
}

/** So many subscriptions a process has at most; each is a consumer group of its own on Kafka, and costs accordingly. */
const subscriptionCounts: Readonly<Record<string, readonly number[]>> = { kafka: [1, 10, 50] };

/** Where bare clients have no way of asking that anybody would call one. */
const withoutRequests: readonly string[] = ["redis"];

/** One thing changed at a time, by expert and bus; publishes that are awaited by the quick-start client too, who does nothing else. */
export function sweepCases(on: string): readonly Case[] {
  const one = (section: string, workload: string, change: string, setting: Case["setting"] = {}): Case => {
    return { section, on, workload, delivery: "at-least-once", clients: experts, change, setting };
  };
  return [
    one("one-way", "publish", "publish only"),
    one("one-way", "consume", "consume only"),
    ...levelsOf(on).map((delivery): Case => {
      return { section: "awaited", on, workload: "awaited", delivery, clients: everybody };
    }),
    ...(withoutRequests.includes(on)
      ? []
      : [{ ...one("requests", "requests", "request and reply"), delivery: "at-most-once" } as const]),
    one("half-speed", "latency", "half of its own speed", { rate: 0 }),
    ...[16, 4096, 65_536].map((payloadBytes) =>
      one("payloads", "end-to-end", `${sizeOf(payloadBytes)} payload`, { payloadBytes }),
    ),
    ...[1, 100, 10_000].map((keys) => one("keys", "end-to-end", counted(keys, "key"), { keys })),
    ...[1, 16, 256].map((concurrency) =>
      one("concurrency", "end-to-end", `${counted(concurrency, "handler")} at once`, {
        concurrency,
      }),
    ),
    ...(subscriptionCounts[on] ?? [1, 10, 100, 1000]).map((subscriptions) =>
      one("subscriptions", "end-to-end", counted(subscriptions, "subscription"), {
        subscriptions,
      }),
    ),
    one("standing", "start-up", "start to first message"),
    one("standing", "idle", "idle subscriptions", { subscriptions: on === "kafka" ? 20 : 100 }),
  ];
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function sizeOf(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`;
}

/** What the regression gate measures: that which is worth most, by those whose ratio counts. */
export function gateCases(on: string): readonly Case[] {
  return [{ section: "end-to-end", on, workload: "end-to-end", delivery: "at-least-once", clients: experts }];
}

/** The bus alone, in memory, stage by stage; the stages take turns like clients. */
export const pipelineCase: Case = {
  section: "pipeline",
  on: "memory",
  workload: "pipeline",
  delivery: "at-least-once",
  clients: stages.map(({ name }) => name),
};
