import type { Delivery } from "@busbar/core/contract";

/** Collects deliveries and waits for them. */
export class Inbox {
  readonly deliveries: Delivery[] = [];
  #waiting: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];
  readonly #onDelivery: ((delivery: Delivery) => void) | undefined;

  /** @param onDelivery What to do with each. @default nothing */
  constructor(onDelivery?: (delivery: Delivery) => void) {
    this.#onDelivery = onDelivery;
  }

  readonly sink = (delivery: Delivery): void => {
    this.deliveries.push(delivery);
    this.#onDelivery?.(delivery);
    this.#waiting = this.#waiting.filter(({ holds, resolve }) => {
      if (!holds()) return true;
      resolve();
      return false;
    });
  };

  get texts(): string[] {
    return this.deliveries.map(textOf);
  }

  /** Resolves with what came once there are `count` of them. */
  async received(count: number): Promise<readonly Delivery[]> {
    await this.until(() => this.deliveries.length >= count);
    return this.deliveries;
  }

  /** Resolves once the condition holds, which is looked at with each delivery. */
  async until(holds: () => boolean): Promise<void> {
    if (!holds()) await new Promise<void>((resolve) => this.#waiting.push({ holds, resolve }));
  }
}

/** An inbox that acknowledges everything at once. */
export function acknowledging(): Inbox {
  return new Inbox((delivery) => delivery.settle("ack"));
}

/** The body as text. */
export function textOf({ record: { body } }: Delivery): string {
  return new TextDecoder().decode(body);
}
