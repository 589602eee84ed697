import { strict as assert } from "node:assert";
import { AsyncLocalStorage, createHook } from "node:async_hooks";

/** A timer, a socket, a server: what can keep a process alive. */
interface Holding {
  hasRef(): boolean;
}

interface Begun {
  readonly kind: string;
  readonly holding: Holding;
  /** Where it was begun, in code that is not Node's own; empty where that is out of sight. */
  readonly where: string;
}

/**
 * Does the work, which is told what it has begun by itself, or by anything that it has called, and what keeps the process alive still: the kind
 * of each, and where it was begun. What a runner, another case or another process of the same program holds does not count, nor does
 * it hide anything. Throws where the runtime does not tell.
 */
export async function watchingLeftOvers<T>(work: (left: () => readonly string[]) => Promise<T>): Promise<T> {
  const begun = new Map<number, Begun>();
  const own = new AsyncLocalStorage<typeof begun>();
  const hook = createHook({
    init(id, kind, _, resource) {
      if (own.getStore() === begun && canHold(resource)) begun.set(id, { kind, holding: resource, where: origin() });
    },
    destroy: (id) => void begun.delete(id),
  });
  const left = (): readonly string[] =>
    [...begun.values()].filter(({ holding }) => holding.hasRef()).map(({ kind, where }) => `${kind}${where}`);
  hook.enable();
  try {
    return await own.run(begun, () => {
      assertSees(left);
      return work(left);
    });
  } finally {
    hook.disable();
  }
}

/** On a runtime without such hooks nothing would ever be left. */
function assertSees(left: () => readonly string[]): void {
  const timer = setTimeout(() => undefined, 60_000);
  const seen = left().length;
  // A timer that is cleared is told of a turn later.
  clearTimeout(timer.unref());
  assert.deepEqual([seen, left().length], [1, 0], "the runtime tells which timers there are");
}

function canHold(resource: object): resource is Holding {
  return "hasRef" in resource && typeof resource.hasRef === "function";
}

function origin(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 30;
  // Behind the message come this function and the hook.
  const frames = (new Error("here").stack ?? "").split("\n").slice(3);
  Error.stackTraceLimit = stackTraceLimit;
  const frame = frames.find((line) => !line.includes("(node:") && !line.includes("at node:"));
  return frame === undefined ? "" : ` begun ${frame.trim()}`;
}
