/** Holds back whoever waits for it until it is opened, and lets everybody through from then on. */
export class Gate {
  readonly #passed: Promise<void>;
  #let: () => void = () => undefined;
  #open = false;

  constructor() {
    this.#passed = new Promise((resolve) => {
      this.#let = resolve;
    });
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Opening it again does nothing. */
  open(): void {
    this.#open = true;
    this.#let();
  }

  /** Resolves once it is open. */
  passed(): Promise<void> {
    return this.#passed;
  }
}
