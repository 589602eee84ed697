import type { CaseResult } from "./case.ts";
import type { Bar } from "./chart.ts";
import { count, valuesOf } from "./report.ts";
import { median } from "./statistics.ts";

/** The bars of one case: messages a second of everybody, the expert's as 100 %. */
export function throughputBars(result: CaseResult): readonly Bar[] {
  const rates = result.case.clients.flatMap((client) => {
    const numbers = valuesOf(result, client, ({ perSecond }) => perSecond);
    return numbers.length === 0 ? [] : [{ client, rate: median(numbers) }];
  });
  const expert = rates.find(({ client }) => client === "expert")?.rate;
  return rates.map(({ client, rate }) => {
    const part = expert === undefined ? "" : `, ${Math.round((rate / expert) * 100)} %`;
    return { label: client, value: rate, text: `${count(rate)}/s${part}` };
  });
}

/** The cases that are worth a picture: end to end, nothing changed. */
export function picturedResults(results: readonly CaseResult[]): readonly CaseResult[] {
  return results.filter(
    ({ case: { workload, change }, samples }) =>
      workload === "end-to-end" && change === undefined && Object.keys(samples).length > 0,
  );
}
