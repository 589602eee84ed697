import { nextTurn } from "./next-turn.ts";

/**
 * Makes a function that runs `flush` once in the next turn of the event loop, however often it is called before: what
 * was collected in one turn is written in one go (`docs/performance.md`). `flush` must not throw.
 */
export function oncePerTurn(flush: () => void): () => void {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    nextTurn(() => {
      scheduled = false;
      flush();
    });
  };
}
