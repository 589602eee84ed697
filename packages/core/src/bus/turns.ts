import { TimeoutError } from "../errors.ts";

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
   * Sends the value once it is there and all that was to be sent before it is on its way or was refused. A value that is not there
   * within `timeoutMs` is a `TimeoutError`, so that it holds up nobody for longer.
   */
  take<Value, Sent>(
    topic: string,
    value: Value | Promise<Value>,
    timeoutMs: number,
    send: (value: Value) => Promise<Sent>,
  ): Promise<Sent> {
    const checked = within(timeoutMs, value, topic);
    const settled = Promise.allSettled([checked, this.#last.get(topic)]);
    return new Promise<Sent>((resolve, reject) => {
      // What is refused is told at once, and keeps its place only for those behind it.
      checked.catch(reject);
      const turn = settled.then(([outcome]) => {
        if (this.#last.get(topic) === turn) this.#last.delete(topic);
        if (outcome.status === "fulfilled") resolve((async () => send(outcome.value))());
      });
      this.#last.set(topic, turn);
    });
  }
}

async function within<Value>(timeoutMs: number, value: Value | Promise<Value>, topic: string): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new TimeoutError(`publish("${topic}"): the schema did not answer within ${timeoutMs} ms.`, { topic }));
    }, timeoutMs);
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}
