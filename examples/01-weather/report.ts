import type { Tally } from "./model/tally.ts";

/** How often the figures go out, in milliseconds. */
const intervalMs = 100;

/**
 * Tells the process that started this one how far it is: `ready`, `publishing`, and the figures whenever they have changed. Does nothing
 * where nobody listens.
 */
export class Report {
  readonly #tally: Tally;
  readonly #timer: NodeJS.Timeout;
  #sent = 0;

  constructor(tally: Tally) {
    this.#tally = tally;
    this.#timer = setInterval(() => this.#sendFigures(), intervalMs);
    // Whoever started this one is gone without a word, so nobody will stop it any more.
    if (process.connected) process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
    process.channel?.unref();
  }

  ready(): void {
    this.#send({ type: "ready" });
  }

  publishing(): void {
    this.#send({ type: "publishing", at: Date.now() });
  }

  /** Sends the last figures. */
  end(): void {
    clearInterval(this.#timer);
    this.#sendFigures();
  }

  #sendFigures(): void {
    const { changes, changedAt, figures } = this.#tally;
    if (changes === this.#sent) return;
    this.#sent = changes;
    this.#send({ type: "figures", figures, at: changedAt });
  }

  #send(message: object): void {
    if (process.connected) process.send?.(message);
  }
}
