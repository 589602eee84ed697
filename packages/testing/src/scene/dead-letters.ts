import assert from "node:assert/strict";
import type { Bus, DeadLetter } from "@busbar/core";
import { eventually } from "../bounded-wait.ts";
import type { Scene } from "./scene.ts";

/** The dead letters of a group that there are now. */
export async function deadLettersOf(bus: Bus, group: string): Promise<readonly DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const letter of bus.deadLetters(group).list()) letters.push(letter);
  return letters;
}

/** Resolves to the only dead letter of a group, once it is there; fails when there are more, or none within the deadline. */
export async function theDeadLetter(scene: Scene, bus: Bus, group: string): Promise<DeadLetter> {
  let letters: readonly DeadLetter[] = [];
  await eventually(
    "the group has a dead letter",
    async () => (letters = await deadLettersOf(bus, group)).length > 0,
    scene.deadlineMs,
  );
  const [letter] = letters;
  assert.ok(letter !== undefined && letters.length === 1, `the group has one dead letter, not ${letters.length}`);
  return letter;
}
