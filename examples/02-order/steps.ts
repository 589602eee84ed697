import { setTimeout as pause } from "node:timers/promises";

/** What has to be done for every order, and how long that takes, in milliseconds. */
export const steps = { points: 300, coupon: 200, notice: 400 } as const;

/** The name of a step. */
export type StepName = keyof typeof steps;

/** The names of all steps. */
export const stepNames: readonly StepName[] = ["points", "coupon", "notice"];

/** Does one step of an order; somebody else's slow system, played by a pause. */
export async function carryOut(step: StepName): Promise<void> {
  await pause(steps[step]);
}
