import { isDuration, longestMs } from "../driver/duration.ts";
import { unknownKeyProblems } from "../driver/known-keys.ts";
import { InvalidArgumentError } from "../errors.ts";
import { sentenceOf } from "./sentence.ts";

/** How a drain ends. */
export interface DrainOptions {
  /** How long handlers have to end, in milliseconds. @default 20_000 */
  readonly deadlineMs?: number;
}

/** How long a drain waits for handlers unless it is told otherwise, in milliseconds. */
export const defaultDeadlineMs = 20_000;

/** The deadline that is asked for, or what is wrong with it: then nothing is to be closed. */
export function deadlineOf(call: string, options: DrainOptions): number | InvalidArgumentError {
  const { deadlineMs = defaultDeadlineMs } = options;
  const problems = unknownKeyProblems(options, ["deadlineMs"], "");
  if (!isDuration(deadlineMs)) problems.push(`deadlineMs is not a number of milliseconds from 0 to ${longestMs}`);
  return problems.length > 0 ? new InvalidArgumentError(`${call}: ${sentenceOf(problems)}`) : deadlineMs;
}
