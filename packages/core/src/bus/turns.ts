import { abortable } from "../driver/abortable.ts";
import { TimeoutError } from "../errors.ts";
import { within } from "./within.ts";

/**
 * Keeps the publishes to each topic in the order of their calls where some of them wait for a schema that is asynchronous: one that is checked
 * sooner than the one before it waits for its turn.
 */
export class Turns {
  /** The last publish to a topic that has not been sent yet, by topic. Resolves once it was, or was refused. */
  readonly #last = new Map<string, Promise<void>>();

  /** Tells whether a publish to the topic would overtake one that waits. */
  isTaken(topic: string): boolean {
    return this.#last.size > 0 && this.#last.has(topic);
  }

  /**
   * Sends the value once it is there and all that was to be sent before it is on its way or was refused. What takes longer than `timeoutMs` is
   * a `TimeoutError`.
   *
   * @param send Gets the value, and how much of the time is left.
   */
  take<Value, Sent>(
    topic: string,
    value: Value | Promise<Value>,
    timeoutMs: number,
    send: (value: Value, leftMs: number) => Promise<Sent>,
  ): Promise<Sent> {
    const begun = performance.now();
    const before = this.#last.get(topic);
    const ready = within(
      timeoutMs,
      () => late(topic, timeoutMs),
      (signal) => abortable(Promise.all([value, before]), signal),
    );
    // What gives up keeps its place for those behind it, which must not overtake what is still before it.
    const settled = Promise.allSettled([ready, before]);
    return new Promise<Sent>((resolve, reject) => {
      ready.catch(reject);
      const turn = settled.then(([outcome]) => {
        if (this.#last.get(topic) === turn) this.#last.delete(topic);
        if (outcome.status === "rejected") return;
        const leftMs = Math.max(1, timeoutMs - (performance.now() - begun));
        resolve((async () => send(outcome.value[0], leftMs))());
      });
      this.#last.set(topic, turn);
    });
  }
}

function late(topic: string, timeoutMs: number): TimeoutError {
  return new TimeoutError(
    `publish("${topic}") was not sent: its schema, or that of a publish before it, did not answer within ${timeoutMs} ms.`,
    { topic },
  );
}
