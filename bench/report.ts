import type { CaseResult } from "./case.ts";
import type { Sample } from "./measurement.ts";
import { peers } from "./peers.ts";
import { stages } from "./pipeline/stages.ts";
import type { Run } from "./run.ts";
import { median, ratioOf, spread } from "./statistics.ts";
import type { Ratio } from "./statistics.ts";

/** A table of text: the first row has the heads. */
export type Rows = readonly (readonly string[])[];

type Value = (sample: Sample) => number;

const perSecond: Value = (sample) => sample.perSecond;
const cpuMicros: Value = (sample) => sample.cpuMicros;

/** The bus against the expert, round by round. 1 is as good; below 1 the bus is slower. */
export function busToExpert(result: CaseResult, of: Value = perSecond): Ratio {
  return ratioOf(valuesOf(result, "bus", of), valuesOf(result, "expert", of));
}

/** The same by what the processor does for each message: the expert's over the bus's, so that below 1 the bus is dearer. */
export function busToExpertByCpu(result: CaseResult): Ratio {
  return ratioOf(valuesOf(result, "expert", cpuMicros), valuesOf(result, "bus", cpuMicros));
}

/** How many messages a second went from publish to handler, by everybody. */
export function throughputRows(results: readonly CaseResult[]): Rows {
  const found = results.filter(({ case: { workload, change } }) => workload === "end-to-end" && change === undefined);
  const clients = [...new Set(found.flatMap(({ case: { clients: names } }) => names))];
  return [
    ["broker", "level", ...clients, "bus / expert", "lowest to highest", "CPU a message"],
    ...found.map((result) => [
      result.case.on,
      result.case.delivery,
      ...clients.map((client) => withSpread(valuesOf(result, client, perSecond), count)),
      ...ratioCells(busToExpert(result)),
      `${micros(result, "expert")} → ${micros(result, "bus")}`,
    ]),
  ];
}

/** The bus beside the bare clients on each broker, in one line each. */
export function summaryRows(results: readonly CaseResult[]): Rows {
  const find = (on: string, workload: string, delivery: string): CaseResult | undefined =>
    results.find(
      ({ case: of }) =>
        of.on === on && of.workload === workload && of.delivery === delivery && (of.change ?? "500/s") === "500/s",
    );
  const ratio = (result: CaseResult | undefined, to: string): string => {
    if (result === undefined) return "";
    const found = ratioOf(valuesOf(result, "bus", perSecond), valuesOf(result, to, perSecond));
    return found.rounds === 0 ? "" : found.ratio.toFixed(2);
  };
  const latency = (result: CaseResult | undefined, part: "p50" | "p99"): string =>
    result === undefined
      ? ""
      : ["expert", "bus"]
          .map((client) => milliseconds(valuesOf(result, client, ({ latency: of }) => of?.[part] ?? NaN)))
          .join(" → ");
  const brokers = [
    ...new Set(results.filter(({ case: of }) => of.workload === "end-to-end").map(({ case: of }) => of.on)),
  ];
  return [
    ["broker", "at least once", "to quick start", "at most once", "p50 at 500/s", "p99 at 500/s"],
    ...brokers.map((on) => {
      const atLeastOnce = find(on, "end-to-end", "at-least-once");
      const slow = find(on, "latency", "at-least-once");
      return [
        on,
        ratio(atLeastOnce, "expert"),
        ratio(atLeastOnce, "quick-start"),
        ratio(find(on, "end-to-end", "at-most-once"), "expert"),
        latency(slow, "p50"),
        latency(slow, "p99"),
      ];
    }),
  ];
}

/** How many publishes a second are confirmed one after the other, by everybody. */
export function awaitedRows(results: readonly CaseResult[]): Rows {
  const found = results.filter(({ case: { workload } }) => workload === "awaited");
  const clients = ["expert", "quick-start", "bus"];
  return [
    ["broker", "level", ...clients, "bus / quick-start", "lowest to highest"],
    ...found.map((result) => [
      result.case.on,
      result.case.delivery,
      ...clients.map((client) => withSpread(valuesOf(result, client, perSecond), count)),
      ...ratioCells(ratioOf(valuesOf(result, "bus", perSecond), valuesOf(result, "quick-start", perSecond))),
    ]),
  ];
}

/** How long a message took, by expert and bus. */
export function latencyRows(results: readonly CaseResult[]): Rows {
  const found = results.filter(({ case: { workload } }) => workload === "latency");
  const head = (name: string): string[] => [`expert ${name}`, `bus ${name}`, "bus / expert"];
  return [
    ["broker", "level", "rate", ...head("p50"), ...head("p99"), "expert p99.9", "bus p99.9"],
    ...found.map((result) => [
      result.case.on,
      result.case.delivery,
      result.case.change ?? "",
      ...(["p50", "p99", "p999"] as const).flatMap((part) => {
        const [expert = [], bus = []] = ["expert", "bus"].map((client) =>
          valuesOf(result, client, ({ latency }) => latency?.[part] ?? NaN),
        );
        const ratio = part === "p999" ? [] : [ratioCells(ratioOf(bus, expert))[0] ?? ""];
        return [milliseconds(expert), milliseconds(bus), ...ratio];
      }),
    ]),
  ];
}

/** What becomes of the ratio when one thing is changed. */
export function sweepRows(results: readonly CaseResult[]): Rows {
  const others = new Set(["latency", "start-up", "idle"]);
  const found = results.filter(
    ({ case: { section, workload, change } }) => section !== "peers" && !others.has(workload) && change !== undefined,
  );
  return [
    [
      "broker",
      "level",
      "what",
      "expert",
      "bus",
      "bus / expert",
      "lowest to highest",
      "CPU a message",
      "heap a message",
      "event loop p99",
    ],
    ...found.map((result) => [
      result.case.on,
      result.case.delivery,
      result.case.change ?? "",
      ...["expert", "bus"].map((client) => withSpread(valuesOf(result, client, perSecond), count)),
      ...ratioCells(busToExpert(result)),
      `${micros(result, "expert")} → ${micros(result, "bus")}`,
      `${bytes(result, "expert")} → ${bytes(result, "bus")}`,
      `${late(result, "expert")} → ${late(result, "bus")}`,
    ]),
  ];
}

/** Other frameworks beside expert and bus, with what each of them promises meanwhile. */
export function peerRows(results: readonly CaseResult[]): Rows {
  const found = results.filter(({ case: { section } }) => section === "peers");
  return [
    ["broker", "level", "who", "messages a second", "CPU a message", "promise"],
    ...found.flatMap((result) =>
      result.case.clients.flatMap((client) => {
        const { on, delivery } = result.case;
        const peer = peers.find((each) => each.client === client && each.on === on && each.delivery === delivery);
        const rate = withSpread(valuesOf(result, client, perSecond), count);
        return [[on, delivery, client, rate, micros(result, client), peer?.promise ?? "all of the level"]];
      }),
    ),
  ];
}

/** What a client costs before, and without, any message. */
export function standingRows(results: readonly CaseResult[], installs: Run["installs"] = {}): Rows {
  const found = (workload: string): readonly CaseResult[] => results.filter(({ case: of }) => of.workload === workload);
  const both = (result: CaseResult, name: string, show: (number: number) => string): string =>
    ["expert", "bus"]
      .map((client) => {
        const numbers = valuesOf(result, client, ({ extra }) => extra?.[name] ?? NaN);
        return numbers.length === 0 ? "?" : show(median(numbers));
      })
      .join(" → ");
  const inMebibytes = (size: number): string => `${(size / 1024 / 1024).toFixed(1)} MiB`;
  const inKibibytes = (size: number): string => `${(size / 1024).toFixed(1)} KiB`;
  return [
    ["broker", "what", "expert → bus"],
    ...found("start-up").map((result) => [
      result.case.on,
      "start of the process to first message",
      both(result, "firstMessageMs", (ms) => `${ms.toFixed(0)} ms`),
    ]),
    ...Object.entries(installs).map(([on, { client, bus }]) => [
      on,
      "size of an installation",
      [client, bus].map(({ bytes: size, packages }) => `${inMebibytes(size)} in ${packages}`).join(" → "),
    ]),
    ...found("idle").flatMap((result) => [
      [result.case.on, "heap of an idle subscription", both(result, "heapBytesEach", inKibibytes)],
      [result.case.on, "resident memory of an idle subscription", both(result, "residentBytesEach", inKibibytes)],
      [
        result.case.on,
        `processor for ${result.case.setting?.subscriptions ?? 0} idle subscriptions`,
        both(result, "processorPercent", (percent) => `${percent.toFixed(1)} %`),
      ],
    ]),
  ];
}

/** What each stage of the bus costs in memory, and what it adds. */
export function pipelineRows(results: readonly CaseResult[]): Rows {
  const found = results.find(({ case: { workload } }) => workload === "pipeline");
  const cost = (stage: string): number => (found === undefined ? NaN : median(valuesOf(found, stage, cpuMicros)));
  return [
    ["stage", "what", "messages a second", "CPU a message", "adds", "heap a message"],
    ...stages.flatMap(({ name, what, over }) => {
      if (found?.samples[name] === undefined) return [];
      const added = over === undefined ? "" : `${(cost(name) - cost(over)).toFixed(2)} µs to ${over}`;
      const rate = withSpread(valuesOf(found, name, perSecond), count);
      return [[name, what, rate, `${cost(name).toFixed(2)} µs`, added, bytes(found, name)]];
    }),
  ];
}

/** What was measured of one client, one number a round. */
export function valuesOf({ samples }: CaseResult, client: string, of: Value): readonly number[] {
  return (samples[client] ?? []).map(of);
}

function ratioCells({ ratio, least, greatest, rounds }: Ratio): readonly string[] {
  return rounds === 0 ? ["", ""] : [ratio.toFixed(2), `${least.toFixed(2)} to ${greatest.toFixed(2)}`];
}

function withSpread(numbers: readonly number[], show: (number: number) => string): string {
  if (numbers.length === 0) return "";
  return `${show(median(numbers))}/s ±${Math.round(spread(numbers) * 100)} %`;
}

function micros(result: CaseResult, client: string): string {
  const numbers = valuesOf(result, client, cpuMicros);
  return numbers.length === 0 ? "?" : `${median(numbers).toFixed(0)} µs`;
}

function bytes(result: CaseResult, client: string): string {
  const numbers = valuesOf(result, client, ({ allocatedBytes }) => allocatedBytes);
  return numbers.length === 0 ? "?" : `${(median(numbers) / 1024).toFixed(1)} KiB`;
}

function late(result: CaseResult, client: string): string {
  const numbers = valuesOf(result, client, ({ loopDelay }) => loopDelay?.p99 ?? NaN);
  return numbers.length === 0 ? "?" : `${median(numbers).toFixed(1)} ms`;
}

function milliseconds(numbers: readonly number[]): string {
  const middle = median(numbers);
  return Number.isNaN(middle) ? "" : `${middle.toFixed(2)} ms`;
}

/** A whole number, as people write it. */
export function count(number: number): string {
  return Math.round(number).toLocaleString("en");
}
