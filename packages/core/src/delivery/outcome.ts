import { isBranded } from "../errors.ts";

const rejectBrand = Symbol.for("busbar.reject");
const retryLaterBrand = Symbol.for("busbar.retry-later");

/** Thrown by a handler: dead-letter this message at once, no attempt can help. */
export class Reject extends Error {
  override readonly name: string = "Reject";

  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    Object.defineProperty(this, rejectBrand, { value: true });
  }

  static is(value: unknown): value is Reject {
    return isBranded(value, rejectBrand);
  }
}

/** Thrown by a handler: run me again after this many milliseconds. Uses up no attempt. */
export class RetryLater extends Error {
  override readonly name: string = "RetryLater";
  /** In milliseconds, 0 or more. */
  readonly delayMs: number;

  constructor(delayMs: number, options?: ErrorOptions) {
    super(`again in ${delayMs} ms`, options);
    this.delayMs = delayMs;
    Object.defineProperty(this, retryLaterBrand, { value: true });
  }

  static is(value: unknown): value is RetryLater {
    return isBranded(value, retryLaterBrand);
  }
}
