import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BrokerLimits, Capabilities } from "@busbar/core/contract";
import type { Face } from "./face.ts";
import type { PendingLaw } from "./law.ts";

/** The version of the driver contract that these laws are about. */
export const contractVersion = "1";

/** A law on a face. */
export interface CaseName {
  readonly law: string;
  readonly face: Face;
  readonly title: string;
  /** True where every adapter must pass. */
  readonly everywhere: boolean;
}

/** How a case ended. */
export type CaseResult =
  /** `negative`: the server lacks what the law needs, and asking for it was a typed error. */
  | (CaseName & {
      readonly status: "passed";
      readonly form: "positive" | "negative";
      readonly notes: readonly string[];
      readonly tookMs: number;
    })
  | (CaseName & { readonly status: "failed"; readonly reason: string })
  | (CaseName & { readonly status: "skipped"; readonly reason: string })
  /** Not tried, since the server is known to break the law whatever an adapter does. */
  | (CaseName & { readonly status: "broken"; readonly reason: string });

/** What a run found out, ready for `JSON.stringify`. */
export interface Certificate {
  readonly contractVersion: string;
  /** The harness's name for the server. */
  readonly name: string;
  readonly adapter: string;
  readonly product: string;
  readonly version: string;
  readonly declared: Capabilities;
  readonly effective: Capabilities;
  readonly limits: BrokerLimits;
  readonly warnings: readonly string[];
  readonly counts: {
    readonly passed: number;
    /** How many of those that passed did so in the negative form. */
    readonly negative: number;
    readonly failed: number;
    readonly skipped: number;
    /** How many were not tried, since the harness says that the server breaks them. */
    readonly broken: number;
    readonly notRun: number;
  };
  /** True when nothing failed, everything was run, and every law for every adapter was kept on one face at least. */
  readonly complete: boolean;
  readonly results: readonly CaseResult[];
  /** Cases that are no law yet, with what is missing. They count as nothing. */
  readonly pending: readonly PendingLaw[];
}

/** A line for each thing that somebody has to know of a run: how much passed, and why the rest did not. */
export function summaryOf(certificate: Certificate): readonly string[] {
  const { name, product, version, counts, results, pending } = certificate;
  const server = version === "unknown" ? product : `${product} ${version}`;
  const negative = counts.negative === 0 ? "" : ` (${counts.negative} by refusing what is unsupported)`;
  const broken = counts.broken === 0 ? "" : `, ${counts.broken} broken by the server`;
  const notRun = counts.notRun === 0 ? "" : `, ${counts.notRun} not run`;
  const lines = [
    `${name} (${server}): ` +
      `${counts.passed} cases passed${negative}, ${counts.failed} failed, ${counts.skipped} skipped${broken}${notRun}`,
  ];
  for (const result of results) {
    const tried = `${result.law} on the ${result.face}`;
    if (result.status === "skipped" || result.status === "broken")
      lines.push(`  ${result.status} ${tried}: ${result.reason}`);
    if (result.status === "passed") for (const note of result.notes) lines.push(`  passed ${tried}: ${note}`);
  }
  for (const { law, reason } of pending) lines.push(`  pending ${law}: ${reason}`);
  return lines;
}

/**
 * Makes a function that writes certificates as `<name>.json` into the folder that the environment variable names, and does
 * nothing where it is not set.
 */
export function certificateWriter(variable: string): (certificate: Certificate) => Promise<void> {
  return async (certificate) => {
    const folder = process.env[variable];
    if (folder === undefined || folder === "") return;
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${certificate.name}.json`), `${JSON.stringify(certificate, undefined, 2)}\n`);
  };
}
