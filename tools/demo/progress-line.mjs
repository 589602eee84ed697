/** How often a log that is no terminal gets a line, in milliseconds. */
const pauseMs = 3_000;

/** Shows how far something is: on a terminal one line that changes, elsewhere a line now and then. */
export class ProgressLine {
  #stream;
  #label = "";
  #shownAt = Number.NEGATIVE_INFINITY;

  /** @param {NodeJS.WriteStream} stream */
  constructor(stream) {
    this.#stream = stream;
  }

  /**
   * Begins a new subject.
   *
   * @param {string} label
   */
  begin(label) {
    this.#label = label;
    this.#shownAt = Number.NEGATIVE_INFINITY;
  }

  /** @param {string} text */
  show(text) {
    const line = `${this.#label}: ${text}`;
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\u001B[2K${line.slice(0, this.#stream.columns - 1)}`);
    } else if (performance.now() - this.#shownAt >= pauseMs) {
      this.#shownAt = performance.now();
      this.#stream.write(`${line}\n`);
    }
  }

  /**
   * Writes a line that stays.
   *
   * @param {string} text
   */
  log(text) {
    this.#stream.write(`${this.#stream.isTTY ? "\r\u001B[2K" : ""}${text}\n`);
  }
}
