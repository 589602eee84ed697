import type { BackoffPolicy } from "@busbar/core/driver";
import { backoffDelayMs } from "@busbar/core/driver";

/** For how long a queue may be without a leader before its nacks are taken for those of a full one, in milliseconds. Less than a publish waits by default. */
const leaderlessMs = 15_000;
/** After so long without a nack the next one is a new story, in milliseconds. */
const quietMs = 60_000;
/** How long a channel lives at least before it is replaced for its nacks. */
const renewal: BackoffPolicy = { initialMs: 1000, factor: 2, maxMs: 30_000, jitter: 0 };

/** Why a broker would not take a message: a queue is full, or has no leader that this channel knows. */
export type NackReason = "full" | "leaderless";

/**
 * What the nacks to one publisher mean, which the broker does not say. A channel asks a quorum queue's leader for leave to publish, once, and of the leader
 * that it knew of when it first met the queue; when that is gone it nacks, this message and all that follow (`rabbit_fifo_client`, RabbitMQ 3.10). So a nack
 * on a channel that met the queue before means a full one; any other may mean either, until fresh channels have said the same for long enough.
 */
export class Nacks {
  readonly #bounded: boolean;
  readonly #now: () => number;
  #since: number | undefined;
  #last = 0;
  #full = false;
  #fresh = false;
  #renewals = 0;

  /** @param bounded Whether the queues of subscriptions are made with a bound: then a nack is taken for a full one at once. */
  constructor(bounded: boolean, now: () => number = () => performance.now()) {
    this.#bounded = bounded;
    this.#now = now;
  }

  /** To be called with each nack; `met` says that its channel had a message of the same way confirmed into a queue before. */
  reasonOf(met: boolean): NackReason {
    const now = this.#now();
    if (this.#since === undefined || now - this.#last > quietMs) {
      this.#since = now;
      this.#full = false;
      this.#renewals = 0;
    } else if (this.#fresh) this.#since = now;
    this.#fresh = false;
    this.#last = now;
    this.#full ||= this.#bounded || met || now - this.#since > leaderlessMs;
    return this.#full ? "full" : "leaderless";
  }

  /** To be called when a way that was nacked is confirmed again: the next nack is a new story. */
  mended(): void {
    if (!this.#full) this.#renewals = 0;
    this.#full = false;
    this.#fresh = true;
  }

  /** How long the channel has to have lived before the next one replaces it, in milliseconds. */
  get leastLifeMs(): number {
    return backoffDelayMs(this.#renewals + 1, renewal);
  }

  /** To be called when a channel was replaced. */
  renewed(): void {
    this.#renewals++;
  }
}
