import type { Broker, BrokerStatus, Capabilities, EffectiveCapabilities } from "../contract/index.ts";
import { backoffDelayMs, pause, reconnectPolicy } from "../driver/backoff.ts";
import { rejected } from "../driver/rejected.ts";
import { BusError, ClosedError, ConnectionError } from "../errors.ts";
import type { Sweep } from "../delivery/sweep.ts";
import { describe } from "../delivery/describe.ts";
import { PublishWindow } from "./publish-window.ts";
import type { BrokerSettings, Logger } from "./settings.ts";
import { within } from "./within.ts";

/** How long a driver may take beyond its time to say itself what took so long, in milliseconds. */
const tellsItselfMs = 500;

/** How a broker is, from the bus's side. */
export type LinkState = "closed" | "connecting" | "connected" | "disconnected" | "failed";

/** The bus's hold on one broker: loads its driver, opens it, follows its status, and publishes through its window. */
export class BrokerLink {
  readonly settings: BrokerSettings;
  readonly publishes: PublishWindow;
  readonly #logger: Logger;
  readonly #listeners = new Set<(status: BrokerStatus) => void>();
  readonly #abort = new AbortController();
  #broker: Broker | undefined;
  #effective: EffectiveCapabilities | undefined;
  #state: LinkState = "closed";
  #lastError: Error | undefined;
  #opening: Promise<void> | undefined;
  #loading: Promise<Broker> | undefined;
  #dropped = 0;

  constructor(settings: BrokerSettings, sweep: Sweep, logger: Logger) {
    this.settings = settings;
    this.#logger = logger;
    this.publishes = new PublishWindow(settings.name, settings.publish, sweep);
  }

  get name(): string {
    return this.settings.name;
  }

  get state(): LinkState {
    return this.#state;
  }

  get lastError(): Error | undefined {
    return this.#lastError;
  }

  get effective(): EffectiveCapabilities | undefined {
    return this.#effective;
  }

  /** How many messages at-most-once subscriptions let go of because they were full. */
  get dropped(): number {
    return this.#dropped;
  }

  get loaded(): boolean {
    return this.#broker !== undefined;
  }

  /** The driver, once it is loaded. */
  get broker(): Broker {
    if (this.#broker === undefined)
      throw new ClosedError(`Broker "${this.name}" is not open yet; open the bus first.`, { broker: this.name });
    return this.#broker;
  }

  /** What the server does, or as long as nobody has asked it, what the driver declares. */
  get supports(): Capabilities {
    return this.#effective?.supports ?? this.broker.declared;
  }

  /** Loads the driver; no I/O with the broker. */
  load(): Promise<Broker> {
    this.#loading ??= this.settings.load().then((broker) => {
      broker.onStatus((status) => this.#follow(status));
      return (this.#broker = broker);
    });
    return this.#loading;
  }

  /** Opens the broker, and tries again until `boundMs` is over; then, and at once where trying again is useless, rejects. */
  open(boundMs: number): Promise<void> {
    this.#opening ??= this.#open(boundMs).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  /**
   * Opens the broker in the background, for ever; resolves once it is open. Rejects where it is being opened with a bound and that is over, and, without asking
   * again, where it has refused: only `open` asks it again then.
   */
  openInBackground(): Promise<void> {
    const refused = this.#opening === undefined && this.#state === "failed";
    const ready = refused ? rejected(this.#lastError) : this.open(Number.POSITIVE_INFINITY);
    // Whoever waits for it sees the failure; nobody has to.
    ready.catch(() => undefined);
    return ready;
  }

  /** Says something about the broker that a person should read. */
  warn(text: string): void {
    this.#logger.warn(`Broker "${this.name}": ${text}`);
  }

  /** Listens to every status of the driver. */
  onStatus(listener: (status: BrokerStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#abort.abort(new ClosedError(`Broker "${this.name}" was closed.`, { broker: this.name }));
    this.publishes.close();
    this.#state = "closed";
    await this.#broker?.close();
  }

  async #open(boundMs: number): Promise<void> {
    const broker = await this.load();
    this.#state = "connecting";
    const until = performance.now() + boundMs;
    for (let attempt = 1; ; attempt++) {
      try {
        this.#connected(await this.#attempt(broker, until));
        return;
      } catch (error) {
        this.#abort.signal.throwIfAborted();
        this.#lastError = error as Error;
        if (!BusError.is(error) || !error.retryable) {
          this.#fail(error as Error);
          throw error;
        }
        const wait = backoffDelayMs(attempt, reconnectPolicy);
        if (performance.now() + wait >= until) {
          this.#state = "disconnected";
          throw new ConnectionError(
            `Broker "${this.name}" could not be reached within ${boundMs} ms: ${error.message} Start it, or correct its URL.`,
            { broker: this.name, cause: error },
          );
        }
        if (attempt === 1 && boundMs === Number.POSITIVE_INFINITY)
          this.#logger.warn(`Broker "${this.name}" is not there yet, trying again: ${error.message}`);
        await pause(wait, this.#abort.signal);
        this.#abort.signal.throwIfAborted();
      }
    }
  }

  /** Asks the broker to open, and cuts it where that takes too long: a driver that learns things of a server waits for each of them. */
  #attempt(broker: Broker, until: number): Promise<EffectiveCapabilities> {
    return within(
      until - performance.now() + tellsItselfMs,
      () => new ConnectionError("It did not answer in time.", { broker: this.name }),
      (signal) => broker.open({ signal }),
      this.#abort.signal,
    );
  }

  #connected(effective: EffectiveCapabilities): void {
    const first = this.#effective === undefined;
    this.#effective = effective;
    if (first)
      for (const warning of effective.warnings)
        this.#logger.warn(`Broker "${this.name}" (${serverOf(effective)}): ${warning}`);
    this.#state = "connected";
    this.publishes.connected(this.#broker, effective.limits.maxInFlight);
  }

  #fail(error: Error, only?: "publishing"): void {
    this.#state = "failed";
    this.#lastError = error;
    this.publishes.failed(error);
    const what = only === undefined ? "" : `, for ${only}`;
    this.#logger.error(`Broker "${this.name}" failed for good${what}: ${describe(error)}`);
  }

  #follow(status: BrokerStatus): void {
    switch (status.type) {
      case "connected":
        if (this.#state === "disconnected") this.#logger.info(`Broker "${this.name}" is connected again.`);
        this.#connected(status.effective);
        break;
      case "disconnected":
        if (this.#state === "failed" || this.#state === "closed") break;
        if (this.#state === "connected")
          this.#logger.warn(
            `Broker "${this.name}" is not connected any more, and will be again by itself: ${status.error?.message ?? "it was lost"}`,
          );
        this.#state = "disconnected";
        this.#lastError = status.error ?? this.#lastError;
        this.publishes.connected(undefined);
        break;
      case "dropped":
        this.#dropped += status.count;
        break;
      case "fatal":
        if (status.name === undefined) this.#fail(status.error, status.only);
        else
          this.#logger.error(
            `Subscription ${status.name} on broker "${this.name}" failed for good: ${describe(status.error)}`,
          );
        break;
      case "position-lost":
        this.#logger.warn(`Subscription ${status.name} on broker "${this.name}" lost its place: ${status.reason}`);
        break;
      case "subscription":
      case "flow":
      case "revoked":
      case "settlement-failed":
        break;
    }
    for (const listener of this.#listeners) listener(status);
  }
}

/** The product, with its version where it tells one. */
function serverOf({ product, version }: EffectiveCapabilities): string {
  return version === "unknown" ? product : `${product} ${version}`;
}
