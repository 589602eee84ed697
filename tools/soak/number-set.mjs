/** A set of the numbers from 0 up to a size, at the cost of one bit each. */
export class NumberSet {
  #size;
  #bits;
  #count = 0;

  /** @param {number} size */
  constructor(size) {
    this.#size = size;
    this.#bits = new Uint8Array(Math.ceil(size / 8));
  }

  /** How many different numbers there are in it. */
  get count() {
    return this.#count;
  }

  /**
   * Adds a number; `false` when it was there already. Throws for what is none of them.
   *
   * @param {number} number
   * @returns {boolean}
   */
  add(number) {
    if (!Number.isInteger(number) || number < 0 || number >= this.#size) {
      throw new RangeError(`${String(number)} is not from 0 up to ${this.#size}.`);
    }
    if (this.has(number)) {
      return false;
    }
    this.#bits[number >> 3] = (this.#bits[number >> 3] ?? 0) | (1 << (number & 7));
    this.#count++;
    return true;
  }

  /** @param {number} number */
  has(number) {
    return ((this.#bits[number >> 3] ?? 0) & (1 << (number & 7))) !== 0;
  }

  /**
   * The numbers that are in this one and not in the other, in their order.
   *
   * @param {NumberSet} other
   * @returns {number[]}
   */
  without(other) {
    /** @type {number[]} */
    const numbers = [];
    for (let number = 0; number < this.#size; number++) {
      if (this.has(number) && !other.has(number)) {
        numbers.push(number);
      }
    }
    return numbers;
  }
}
