import { stays } from "../bounded-wait.ts";
import type { Scene } from "./scene.ts";

/**
 * Fails unless the condition holds for several times as long as the server waits for a sign of life. Where the harness has no short
 * lease it is some quiet times, which is noted.
 */
export async function overLeases(
  scene: Scene,
  promise: string,
  condition: () => boolean,
  seen: () => unknown,
): Promise<void> {
  if (scene.leaseMs === undefined) scene.note(`only for a few quiet times, ${scene.missing("lease")}`);
  await stays(promise, condition, 3 * (scene.leaseMs ?? scene.quietMs), seen);
}
