import type { Case } from "./case.ts";
import type { Delivery } from "./measurement.ts";
import { stages } from "./pipeline/stages.ts";

/** Everybody who is compared in a run that is not a sweep, in the order in which they take turns. */
const everybody = ["expert", "quick-start", "bus"];
/** Those between whom it is close. */
const experts = ["expert", "bus"];

/** Where at-most-once is another protocol, and not only another promise. */
const withoutConfirms: readonly string[] = ["mqtt", "nats"];

function levelsOf(on: string): readonly Delivery[] {
  return withoutConfirms.includes(on) ? ["at-least-once", "at-most-once"] : ["at-least-once"];
}

/** What is measured unless more is asked for: end to end at each level, and how long a message takes at 500 a second. */
export function usualCases(on: string): readonly Case[] {
  const levels = levelsOf(on);
  return [
    ...levels.map((delivery): Case => {
      return { section: "end-to-end", on, workload: "end-to-end", delivery, clients: everybody };
    }),
    ...levels.map((delivery): Case => {
      const setting = { rate: 500 };
      return { section: "latency", on, workload: "latency", delivery, clients: experts, change: "500/s", setting };
    }),
  ];
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
