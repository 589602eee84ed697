/**
 * Calls `work` in the next turn of the event loop, after what has come in by then. Browsers have no `setImmediate`; a message to oneself is what
 * comes next to it there, and unlike a timer it is not slowed down in pages that nobody looks at.
 */
export const nextTurn: (work: () => void) => void =
  typeof globalThis.setImmediate === "function" ? (work) => void setImmediate(work) : turnsByMessage();

function turnsByMessage(): (work: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  let waiting: (() => void)[] = [];
  // As a browser has it: Node's types know a port that Node alone has.
  (port1 as unknown as EventTarget).addEventListener("message", () => {
    const due = waiting;
    waiting = [];
    for (const work of due) work();
  });
  port1.start();
  return (work) => {
    waiting.push(work);
    if (waiting.length === 1) port2.postMessage(undefined);
  };
}
