import { backoffDelayMs, BusError, pause, reconnectPolicy } from "@busbar/core/driver";
import type { Connection } from "./connection.ts";

/** What a link does and tells. None of the callbacks may throw. */
export interface LinkOptions {
  /** Makes a connection and everything on it that makes it useful. `attempt` counts from 0 since the last connection. */
  readonly open: (attempt: number, signal: AbortSignal) => Promise<Connection>;
  /** The connection is gone; another one is on its way. */
  readonly onLost: (error: BusError, connection: Connection) => void;
  /** There is a connection again. */
  readonly onBack: (connection: Connection) => void;
  /** There will be no connection any more. */
  readonly onFatal: (error: BusError) => void;
}

/** A connection that lived shorter than this counts as a failed attempt, so that a server that takes it and ends it at once is not asked in a hot loop. */
export const settledAfterMs = 1000;

/** Keeps one connection: opens it, and after a loss opens it again, with backoff and jitter, for ever, until `end` or an error that is not retryable. */
export class Link {
  readonly #options: LinkOptions;
  readonly #ended = new AbortController();
  #connection: Connection | undefined;
  #failures = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** The connection, while there is one. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Connects once. After it resolved the link keeps itself up. */
  async start(signal?: AbortSignal): Promise<Connection> {
    const connection = await this.#options.open(0, anySignal(this.#ended.signal, signal));
    if (this.#ended.signal.aborted) {
      await connection.close();
      throw this.#ended.signal.reason;
    }
    this.#adopt(connection);
    return connection;
  }

  /** Ends the link; the connection that there is stays as it is, and nobody is told of its end. */
  end(reason?: Error): Connection | undefined {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#ended.abort(reason);
    return connection;
  }

  #adopt(connection: Connection): void {
    this.#connection = connection;
    connection.onClosed((error) => {
      if (this.#connection !== connection) return;
      this.#connection = undefined;
      this.#failures = performance.now() - connection.since < settledAfterMs ? this.#failures + 1 : 1;
      this.#options.onLost(error, connection);
      if (error.retryable) void this.#comeBack();
      else this.#fail(error);
    });
  }

  async #comeBack(): Promise<void> {
    const { signal } = this.#ended;
    for (let attempt = 0; ; attempt++) {
      await pause(backoffDelayMs(this.#failures, reconnectPolicy), signal);
      if (signal.aborted) return;
      try {
        const connection = await this.#options.open(attempt, signal);
        if (signal.aborted) return void connection.close();
        this.#adopt(connection);
        return this.#options.onBack(connection);
      } catch (error) {
        if (signal.aborted) return;
        if (!BusError.is(error) || !error.retryable) return this.#fail(error);
        this.#failures++;
      }
    }
  }

  #fail(error: unknown): void {
    this.#ended.abort(error);
    this.#options.onFatal(error as BusError);
  }
}

function anySignal(one: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? one : AbortSignal.any([one, other]);
}
