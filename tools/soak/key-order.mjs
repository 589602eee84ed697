/** Tells, handling by handling, whether the messages of each key come in order and one at a time. */
export class KeyOrder {
  #latest;
  #isRunning;
  /** How many messages came for the first time after a later one of their key. */
  outOfOrder = 0;
  /** How many began while another of their key was running. */
  overlapping = 0;
  /** How many came that had come before. */
  again = 0;

  /** @param {number} keys how many there are */
  constructor(keys) {
    this.#latest = new Int32Array(keys).fill(-1);
    this.#isRunning = new Uint8Array(keys);
  }

  /**
   * A message of the key begins to be handled.
   *
   * @param {number} key
   * @param {number} place of the message among those of its key, counted from 0
   * @param {boolean} isFirst it was not handled before
   */
  begin(key, place, isFirst) {
    if (this.#isRunning[key] === 1) {
      this.overlapping++;
    }
    this.#isRunning[key] = 1;
    const latest = this.#latest[key] ?? -1;
    if (!isFirst) {
      this.again++;
    } else if (place < latest) {
      this.outOfOrder++;
    }
    this.#latest[key] = Math.max(latest, place);
  }

  /** @param {number} key */
  end(key) {
    this.#isRunning[key] = 0;
  }
}
