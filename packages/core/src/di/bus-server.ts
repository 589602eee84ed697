import type { Bus } from "../bus/bus.ts";
import { deadlineOf } from "../bus/deadline.ts";
import type { DrainOptions } from "../bus/deadline.ts";
import type { Subscription } from "../bus/subscription.ts";
import { together } from "../bus/together.ts";
import { consoleLogger } from "../config/console-logger.ts";
import type { Handler } from "../delivery/message.ts";
import { longestMs } from "../driver/duration.ts";
import { BusError, ClosedError, InvalidArgumentError, UnsupportedError } from "../errors.ts";
import type { UnmetNeed } from "../errors.ts";
import { onStopSignals } from "./stop-signals.ts";
import { declarationsOf } from "./subscribe-decorator.ts";
import type { HandlerDeclaration } from "./subscribe-decorator.ts";

/** How a bus server behaves. */
export interface BusServerOptions {
  /** The signals that stop it; an empty list where somebody else calls `stop()`. @default ["SIGTERM", "SIGINT"] */
  readonly signals?: readonly ("SIGTERM" | "SIGINT" | "SIGHUP")[];
  /** How long `stop()` lets handlers finish, in milliseconds. @default 20_000 */
  readonly deadlineMs?: number;
}

/** A marked method of a handler. */
interface Entry extends HandlerDeclaration {
  /** As errors name it: `ReportHandlers.save`. */
  readonly name: string;
  readonly run: Handler;
}

/**
 * Runs the handlers of an application: opens the bus, subscribes every `@Subscribe` method of the handlers, and drains
 * when it is stopped, by `stop()` or by a signal. Made by the container (`container.get(BusServer)`) or by hand (`new
 * BusServer(bus, [new ReportHandlers()])`).
 *
 * On the first SIGTERM or SIGINT it drains, and the process ends by itself once nothing else keeps it alive; on the
 * second the process exits at once, with 143 or 130.
 */
export class BusServer {
  readonly #bus: Bus;
  readonly #handlers: readonly object[];
  readonly #options: BusServerOptions;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #letGo: () => void = () => undefined;

  /** Throws an `InvalidArgumentError` for options that are malformed: found when it is to drain they would keep it from draining. */
  constructor(bus: Bus, handlers: readonly object[], options: BusServerOptions = {}) {
    const { signals: _signals, ...drain } = options;
    const deadlineMs = deadlineOf("new BusServer()", drain);
    if (typeof deadlineMs !== "number") throw deadlineMs;
    this.#bus = bus;
    this.#handlers = handlers;
    this.#options = options;
  }

  /**
   * Opens the bus and subscribes every handler. Resolves when messages published from now on are received. Calling it
   * again gives the same promise.
   *
   * Rejects with one `UnsupportedError` that lists every need of every handler, before any of them is subscribed; with
   * an `InvalidArgumentError` for malformed filters and options; and as `Bus.open` does. Nothing is left open then.
   */
  start(): Promise<void> {
    if (this.#stopping !== undefined)
      return Promise.reject(new ClosedError("The bus server is stopped; make a new one."));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Takes no more messages, lets the handlers finish until the deadline, and closes the bus. Calling it again gives the
   * same promise. Rejects malformed options with an `InvalidArgumentError`, and is not stopped then.
   *
   * @param options.deadlineMs In milliseconds. @default what the server was made with, else 20_000
   */
  stop(options: DrainOptions = {}): Promise<void> {
    const asked = deadlineOf("stop()", options);
    if (typeof asked !== "number") return Promise.reject(asked);
    const deadlineMs = options.deadlineMs ?? this.#options.deadlineMs;
    this.#stopping ??= this.#bus.close(deadlineMs === undefined ? {} : { deadlineMs }).finally(() => this.#letGo());
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<void> {
    this.#letGo = this.#holdProcess();
    try {
      const entries = this.#entries();
      // Once by what the drivers declare, which needs no broker, and once by what the servers really do.
      await this.#check(entries);
      await this.#bus.open();
      await this.#check(entries);
      await this.#subscribe(entries);
    } catch (error) {
      await this.stop({ deadlineMs: 0 }).catch(() => undefined);
      throw error;
    }
  }

  /** A server stays until it is stopped, also while no connection keeps the process alive. */
  #holdProcess(): () => void {
    const ignoreSignals = onStopSignals(this.#options.signals ?? ["SIGTERM", "SIGINT"], () => this.#stopBySignal());
    const alive = setInterval(() => undefined, longestMs);
    return () => {
      ignoreSignals();
      clearInterval(alive);
    };
  }

  #stopBySignal(): void {
    this.stop().catch((error: unknown) => {
      process.exitCode = 1;
      consoleLogger.error(`The bus could not be closed: ${BusError.is(error) ? error.message : String(error)}`);
    });
  }

  #entries(): readonly Entry[] {
    return this.#handlers.flatMap((handler) => {
      const declarations = declarationsOf(handler);
      const className = handler.constructor.name;
      if (declarations.length === 0)
        throw new InvalidArgumentError(`The handler ${className} has no method with @Subscribe.`);
      return declarations.map((declaration) => {
        const run: Handler = (payload, message) =>
          (handler as Record<string | symbol, Handler>)[declaration.method]?.(payload, message);
        return { ...declaration, name: `${className}.${String(declaration.method)}`, run };
      });
    });
  }

  async #check(entries: readonly Entry[]): Promise<void> {
    const needs: UnmetNeed[] = [];
    const failures: { name: string; error: unknown }[] = [];
    const checks = entries.map(async ({ name, filter, options }) => {
      try {
        const unmet = await this.#bus.unmetNeeds([{ filter, options }]);
        needs.push(...unmet.map((need) => ({ ...need, subject: `${name}: ${need.subject}` })));
      } catch (error) {
        failures.push({ name, error });
      }
    });
    await Promise.all(checks);
    if (failures.length > 0) throw ofHandlers(failures);
    if (needs.length > 0) throw new UnsupportedError(needs);
  }

  async #subscribe(entries: readonly Entry[]): Promise<void> {
    const subscribing = entries.map(({ filter, options, run }): Promise<Subscription> =>
      // Two calls, because the one signature of a name and the other of a typed topic do not meet in a union.
      typeof filter === "string"
        ? this.#bus.subscribe(filter, options, run)
        : this.#bus.subscribe(filter, options, run as Handler<unknown, unknown>),
    );
    const results = await Promise.allSettled(subscribing);
    const failures = results.flatMap((result, index) =>
      result.status === "rejected" ? [{ name: entries[index]?.name ?? "", error: result.reason as unknown }] : [],
    );
    if (failures.length > 0) throw ofHandlers(failures);
  }
}

/** One error for several handlers that failed alike: it lists them all. */
function ofHandlers(failures: readonly { readonly name: string; readonly error: unknown }[]): unknown {
  const errors = failures.map(({ error }) => error);
  if (errors.length === 1 || !errors.every((error) => error instanceof InvalidArgumentError)) return together(errors);
  const lines = failures.map(({ name, error }) => `  - ${name}: ${(error as Error).message}`);
  return new InvalidArgumentError(`${lines.length} handlers cannot be subscribed:\n${lines.join("\n")}`, {
    cause: errors[0],
  });
}
