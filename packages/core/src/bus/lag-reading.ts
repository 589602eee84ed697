import { abortable } from "../driver/abortable.ts";
import type { BrokerLink } from "./broker-link.ts";

/** A broker, and what the subscription is called there. */
interface LagSource {
  readonly link: BrokerLink;
  readonly request: { readonly name: string };
}

/** A broker is asked at most this often, in milliseconds. */
const askEveryMs = 1_000;
/** How long it may take to answer, in milliseconds. */
const answerWithinMs = 5_000;

/** How far a subscription is behind, as its brokers last told it: whoever looks waits for nobody, and has it asked anew. */
export class LagReading {
  readonly #sources: readonly LagSource[];
  #told: number | undefined;
  #asking = false;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(sources: readonly LagSource[]) {
    this.#sources = sources;
  }

  /** The messages that waited at the brokers when they were last asked; `undefined` before, and where none of them can tell. */
  get told(): number | undefined {
    return this.#told;
  }

  /** Asks in the background, unless it has just been done. */
  ask(): void {
    const now = performance.now();
    if (this.#asking || now - this.#askedAt < askEveryMs) return;
    this.#asking = true;
    this.#askedAt = now;
    void Promise.all(this.#sources.map(lagOf)).then((lags) => {
      const known = lags.filter((lag) => lag !== undefined);
      this.#told = known.length === 0 ? undefined : known.reduce((one, other) => one + other);
      this.#asking = false;
    });
  }
}

/** `undefined` also where asking fails: what is wrong with the broker shows elsewhere. */
async function lagOf({ link, request }: LagSource): Promise<number | undefined> {
  if (link.state !== "connected" || link.supports.lag === "unsupported") return undefined;
  const signal = AbortSignal.timeout(answerWithinMs);
  try {
    return await abortable(link.broker.lag?.lag(request.name, { signal }) ?? Promise.resolve(undefined), signal);
  } catch {
    return undefined;
  }
}
