/** @import { Socket } from "node:net" */

/**
 * How a network is to what is sent now.
 *
 * @typedef {object} Weather
 * @property {boolean} swallows nothing arrives, and nobody is told
 * @property {() => number} delayMs how late the next bytes arrive
 * @property {number} bytesPerSecond how many arrive in a second at most, on each connection and in each direction
 */

/** How much may be under way before the sender is held back, in bytes. */
const roomBytes = 65_536;
/** Into how many pieces a second's worth is cut, where it is slow. */
const piecesPerSecond = 20;

/** One direction of a connection: passes on what comes in its order, as late and as slowly as the network is at the time. */
export class Pipe {
  #from;
  #to;
  #weather;
  /** @type {{ readonly bytes: Buffer, readonly due: number }[]} */
  #underWay = [];
  #byteCount = 0;
  /** When the last of what is under way will have passed, by `performance.now()`. */
  #freeAt = 0;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /**
   * @param {Socket} from
   * @param {Socket} to
   * @param {() => Weather} weather
   */
  constructor(from, to, weather) {
    this.#from = from;
    this.#to = to;
    this.#weather = weather;
    from.setNoDelay(true);
    from.on("data", (/** @type {Buffer} */ chunk) => this.#take(chunk));
    to.on("drain", () => this.#holdBack());
  }

  /** Passes nothing on any more. */
  close() {
    clearTimeout(this.#timer);
    this.#underWay = [];
  }

  /** @param {Buffer} chunk */
  #take(chunk) {
    const { swallows, delayMs, bytesPerSecond } = this.#weather();
    if (swallows) {
      return;
    }
    const now = performance.now();
    const arrival = now + delayMs();
    const size = Math.max(1, Math.min(chunk.length, Math.floor(bytesPerSecond / piecesPerSecond)));
    for (let at = 0; at < chunk.length; at += size) {
      const bytes = chunk.subarray(at, at + size);
      this.#freeAt = Math.max(this.#freeAt, now) + (bytes.length / bytesPerSecond) * 1_000;
      const due = Math.max(this.#underWay.at(-1)?.due ?? 0, this.#freeAt, arrival);
      this.#underWay.push({ bytes, due });
      this.#byteCount += bytes.length;
    }
    this.#passOn();
  }

  #passOn() {
    clearTimeout(this.#timer);
    const now = performance.now();
    for (let first = this.#underWay[0]; first !== undefined && first.due <= now; first = this.#underWay[0]) {
      this.#underWay.shift();
      this.#byteCount -= first.bytes.length;
      this.#to.write(first.bytes);
    }
    const next = this.#underWay[0];
    if (next !== undefined) {
      this.#timer = setTimeout(() => this.#passOn(), next.due - now);
    }
    this.#holdBack();
  }

  #holdBack() {
    if (this.#byteCount > roomBytes || this.#to.writableNeedDrain) {
      this.#from.pause();
    } else {
      this.#from.resume();
    }
  }
}
