/** Returns a function that does the work once in this turn of the event loop, however often it is called. */
export function oncePerTurn(work: () => void): () => void {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      work();
    });
  };
}
