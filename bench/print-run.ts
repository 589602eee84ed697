import { table } from "../tools/demo/table.mjs";
import { picturedResults, throughputBars } from "./bars.ts";
import { titleOf } from "./case.ts";
import { chart } from "./chart.ts";
import { awaitedRows, latencyRows, peerRows, pipelineRows, standingRows, sweepRows, throughputRows } from "./report.ts";
import type { Rows } from "./report.ts";
import type { Run } from "./run.ts";

/** Prints what a run found: a chart for each broker and level, then tables. */
export function printRun({ results, installs, quick }: Run): void {
  const parts = [
    ...picturedResults(results).map((result) => `${titleOf(result.case)}\n${chart(throughputBars(result))}`),
    ...[throughputRows, latencyRows, awaitedRows, pipelineRows, sweepRows, peerRows].flatMap((rowsOf) =>
      tableOf(rowsOf(results)),
    ),
    ...tableOf(standingRows(results, installs)),
    ...(quick ? ["Made in a hurry: these numbers show that everything works, and nothing else."] : []),
  ];
  process.stdout.write(`\n${parts.join("\n\n")}\n\n`);
}

function tableOf(rows: Rows): string[] {
  return rows.length > 1 ? [table(rows, 2)] : [];
}
