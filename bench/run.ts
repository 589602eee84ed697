import type { CaseResult } from "./case.ts";
import type { InstallSize } from "./install-size.ts";
import type { Effort } from "./run-cases.ts";

/** Everything that one run found, as it is written to a file. */
export interface Run {
  /** The day, as 2026-01-31; absent in files of earlier times. */
  readonly date?: string;
  readonly machine: Machine;
  /** Name and version of each broker, by protocol. */
  readonly brokers: Readonly<Record<string, string>>;
  readonly effort: Effort;
  /** True where it was made in a hurry: then its numbers show that things work, and nothing else. */
  readonly quick: boolean;
  readonly results: readonly CaseResult[];
  /** By protocol, where it was asked for: the bare client, and the bus with the adapter. */
  readonly installs?: Readonly<Record<string, { readonly client: InstallSize; readonly bus: InstallSize }>>;
}

/** Where it ran. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly node: string;
}
