import type { Order } from "./order.ts";
import type { StepName } from "./steps.ts";

/** Notes when which step of which order was done, and prints it. */
export class Journal {
  readonly #waiting = new Map<string, () => void>();
  readonly #done = new Set<string>();
  #begin = performance.now();

  /** Time counts from here. */
  begin(title: string): void {
    console.log(`\n${title}`);
    this.#begin = performance.now();
  }

  /** Prints a line with the time that has passed. */
  say(text: string): void {
    const milliseconds = Math.round(performance.now() - this.#begin);
    console.log(`${String(milliseconds).padStart(6)} ms  ${text}`);
  }

  /** A step that is done twice is noted once. */
  note(step: StepName, order: Order): void {
    const entry = `${step} ${order.id}`;
    if (this.#done.has(entry)) return;
    this.#done.add(entry);
    this.say(`${step} done`);
    this.#waiting.get(entry)?.();
  }

  /** Resolves when the step of the order is done. */
  async whenDone(step: StepName, order: Order): Promise<void> {
    const entry = `${step} ${order.id}`;
    if (!this.#done.has(entry)) await new Promise<void>((resolve) => this.#waiting.set(entry, resolve));
  }
}
