import type { Delivery } from "../contract/index.ts";
import { endedGenerations, isHandedOut } from "../driver/hand-out.ts";
import { oncePerTurn } from "../driver/once-per-turn.ts";
import { Slots } from "../driver/slots.ts";
import type { HeldMessage } from "./held-message.ts";

/** What is held in one turn of the event loop, up to which no more generations ended. */
interface HeldOfTurn {
  readonly ended: number;
  readonly byIdentity: Map<string, HeldMessage>;
  readonly someStale: boolean;
}

/** The messages that a subscription has taken and not settled, among which redeliveries find theirs. */
export class HeldMessages {
  readonly #held = new Slots<HeldMessage>();
  #ofTurn: HeldOfTurn | undefined;
  readonly #forgetTurnSoon = oncePerTurn(() => (this.#ofTurn = undefined));
  /** After how many ended generations nothing that is held was stale. */
  #noneStaleAt = -1;

  add(held: HeldMessage): void {
    held.place = this.#held.add(held);
    if (this.#ofTurn !== undefined) list(held, this.#ofTurn.byIdentity);
  }

  remove(held: HeldMessage): void {
    this.#held.remove(held.place);
  }

  /** All that is held, in no order. */
  all(): Iterable<HeldMessage> {
    return this.#held.all();
  }

  /** All that is held, in the order in which it came. */
  inOrder(): HeldMessage[] {
    return this.#held.inOrder();
  }

  /** All that an attempt has failed for, or that was asked for later. Each of them holds its lane. */
  tried(): HeldMessage[] {
    return this.inOrder().filter(({ failures, dueAt }) => failures > 0 || dueAt > 0);
  }

  /** Tells whether a delivery may be another one of something that is held. Most of the time nothing is stale, and there is nothing to look for. */
  mayHave(delivery: Delivery): boolean {
    // Of what others made nobody tells when it becomes stale.
    if (!isHandedOut(delivery)) return true;
    const ended = endedGenerations();
    if (this.#noneStaleAt !== ended && !this.#now().someStale) this.#noneStaleAt = ended;
    return this.#noneStaleAt !== ended;
  }

  /** The message of this identity whose delivery is stale. */
  staleOf(identity: string): HeldMessage | undefined {
    const held = this.#now().byIdentity.get(identity);
    // It may have been settled or have come again since that was found.
    return held?.delivery.stale === true && this.#held.get(held.place) === held ? held : undefined;
  }

  /** Found once a turn: redeliveries come by the thousand after a lost connection, and hardly ever else. */
  #now(): HeldOfTurn {
    const ended = endedGenerations();
    if (this.#ofTurn?.ended !== ended) {
      const byIdentity = new Map<string, HeldMessage>();
      const all = this.inOrder();
      for (const held of all) list(held, byIdentity);
      this.#ofTurn = { ended, byIdentity, someStale: all.some(({ delivery }) => delivery.stale) };
      this.#forgetTurnSoon();
    }
    return this.#ofTurn;
  }
}

/** Lists a message by its identity; of several with the same one the first counts. */
function list(held: HeldMessage, byIdentity: Map<string, HeldMessage>): void {
  const { identity } = held;
  if (identity !== undefined && !byIdentity.has(identity)) byIdentity.set(identity, held);
}
