import { connect } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";
import type { JetStreamManager } from "@nats-io/jetstream";
import { AuthorizationError, PermissionViolationError } from "@nats-io/nats-core";
import type { ConnectionOptions, NatsConnection, Status } from "@nats-io/nats-core";
import type { EffectiveCapabilities } from "@busbar/core/contract";
import { abortable, backoffDelayMs, ConnectionError, pause, reconnectPolicy } from "@busbar/core/driver";
import type { BusError } from "@busbar/core/driver";
import { certificateRefusal } from "./certificate-refusal.ts";
import { effectiveCapabilities } from "./capabilities.ts";
import type { JetStreamStanding } from "./capabilities.ts";
import { classify } from "./classify.ts";
import { Commands } from "./commands.ts";
import { hangUpOnTheSilent } from "./hang-up.ts";
import { authenticating } from "./identity.ts";
import type { NatsSettings } from "./options.ts";

/** What a connection tells those who live on it. None of these may throw. */
export interface ConnectionListener {
  /** What was sent and not answered may have arrived or not. */
  lost(): void;
  /** It is back: the same client, with all of its subscriptions. */
  restored(): void;
  /** The server refused a publish to this subject. It says so beside the replies, not in one. */
  publishForbidden?(subject: string, error: Error): void;
}

/** What a connection tells the broker. None of these may throw. */
export interface ConnectionReports {
  disconnected(error: BusError): void;
  connected(effective: EffectiveCapabilities): void;
  /** The server will not have us any more; the connection is closed. */
  fatal(error: BusError): void;
}

/** How long until a JetStream that does not answer is asked again what it can do, in milliseconds. */
const askAgainMs = 1_000;

/** How long a connection that is encrypted may take until it is asked whether the certificate is why, in milliseconds. */
const askWhyAfterMs = 1_000;
/** How long that may take, in milliseconds. */
const askWhyWithinMs = 5_000;

/** The longest that a question to JetStream's API waits for its answer, in milliseconds. */
const apiTimeoutMs = 5_000;

/**
 * One connection of the client that outlives its sockets. The client dials again by itself, for ever; this class paces it,
 * tells apart what is lost for good, and says when the client may be handed something: while it has no socket it takes
 * publishes and drops them.
 */
export class Connection {
  readonly client: NatsConnection;
  readonly commands: Commands;
  /** JetStream's API, for this account. */
  readonly api: JetStreamManager;
  readonly #settings: NatsSettings;
  readonly #reports: ConnectionReports;
  readonly #listeners = new Set<ConnectionListener>();
  readonly #waiting = new Set<(error: BusError) => void>();
  readonly #pace: Pace;
  #connected = true;
  #closed = false;
  /** What the server was found to do last. */
  #effective: EffectiveCapabilities;
  /** Aborts when the connection that is asked what it can do is lost. */
  #asking = new AbortController();
  #fatal: BusError | undefined;
  #askingWhy = false;

  private constructor(
    client: NatsConnection,
    api: JetStreamManager,
    settings: NatsSettings,
    reports: ConnectionReports,
    pace: Pace,
    effective: EffectiveCapabilities,
  ) {
    this.client = client;
    this.commands = new Commands(client);
    this.api = api;
    this.#settings = settings;
    this.#reports = reports;
    this.#pace = pace;
    this.#effective = effective;
    void this.#watch();
  }

  /** Connects once. Rejects as `Broker.open` does; nothing is left open then. */
  static async open(
    settings: NatsSettings,
    reports: ConnectionReports,
    signal?: AbortSignal,
  ): Promise<{ connection: Connection; effective: EffectiveCapabilities }> {
    signal?.throwIfAborted();
    const pace = new Pace();
    const action = `Connecting to ${settings.servers.map((server) => `nats://${server}`).join(", ")}`;
    const over = new AbortController();
    hangUpOnTheSilent();
    const dialling = connect(connectionOptions(settings, pace));
    let client: NatsConnection;
    try {
      const either = Promise.race([dialling, refusedCertificate(settings, over.signal)]);
      client = await abortable(bounded(either, settings.connectTimeoutMs, action, adviceOf(settings)), signal);
    } catch (error) {
      // It may come up after all, when nobody waits for it any more.
      dialling.then((late) => late.close()).catch(() => undefined);
      signal?.throwIfAborted();
      throw classify(error, { action });
    } finally {
      over.abort();
    }
    try {
      const api = await jetstreamManager(client, {
        checkAPI: false,
        timeout: apiTimeoutMs,
        ...(settings.domain === undefined ? {} : { domain: settings.domain }),
      });
      const effective = await abortable(inspect(client, api, settings), signal);
      return { connection: new Connection(client, api, settings, reports, pace, effective), effective };
    } catch (error) {
      await client.close();
      signal?.throwIfAborted();
      throw classify(error, { action });
    }
  }

  /** False from the moment that the socket is lost until the client is back. */
  get connected(): boolean {
    return this.#connected;
  }

  listen(listener: ConnectionListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Runs a request, and rejects retryable at once when there is no connection or it is lost meanwhile. */
  async ask<T>(action: string, request: (api: JetStreamManager) => Promise<T>): Promise<T> {
    if (!this.#connected) throw this.absent(action);
    let stop: ((error: BusError) => void) | undefined;
    const lost = new Promise<never>((_, reject) => this.#waiting.add((stop = reject)));
    try {
      return await Promise.race([request(this.api), lost]);
    } finally {
      if (stop !== undefined) this.#waiting.delete(stop);
      lost.catch(() => undefined);
    }
  }

  /** The error of whoever wants something while there is no connection. */
  absent(action: string): BusError {
    if (this.#fatal !== undefined) return this.#fatal;
    return new ConnectionError(
      `${action} failed: there is no connection to the server at the moment; it is being made again.`,
      {
        broker: "nats",
      },
    );
  }

  /** Writes what is still in the client's buffer and closes, within two seconds. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#connected) await bounded(this.commands.flush(), 2_000, "Flushing").catch(() => undefined);
    this.#lose(this.absent("It"));
    await this.client.close();
  }

  async #watch(): Promise<void> {
    for await (const status of this.client.status()) {
      if (this.#closed) return;
      this.#on(status);
    }
  }

  #on(status: Status): void {
    switch (status.type) {
      case "reconnecting":
        this.#pace.dialling();
        return;
      case "staleConnection":
        // The client waits for its last write, which a half-open connection with a full buffer never finishes.
        destroySocket(this.client);
        return this.#disconnected(new Error("the server gave no sign of life"));
      case "disconnect":
        return this.#disconnected();
      case "reconnect":
        return void this.#reconnected();
      case "error":
        return this.#refused(status.error);
      default:
        return;
    }
  }

  #disconnected(cause?: Error): void {
    // It was made, and fell before anybody was told.
    if (!this.#connected) return void this.#askWhy();
    const error = new ConnectionError("The connection to the server was lost; it is being made again.", {
      broker: "nats",
      cause,
    });
    this.#lose(error);
    this.#reports.disconnected(error);
  }

  #lose(error: BusError): void {
    if (!this.#connected) return;
    this.#connected = false;
    this.#asking.abort();
    for (const stop of [...this.#waiting]) stop(error);
    for (const listener of [...this.#listeners]) listener.lost();
  }

  async #reconnected(): Promise<void> {
    if (this.#connected) return;
    this.#connected = true;
    this.#pace.arrived();
    for (const listener of [...this.#listeners]) listener.restored();
    const { signal } = (this.#asking = new AbortController());
    for (let failures = 0; !signal.aborted;) {
      try {
        const effective = await inspect(this.client, this.api, this.#settings);
        if (signal.aborted) return;
        this.#effective = effective;
        return this.#reports.connected(effective);
      } catch {
        // JetStream may be between two leaders. Until it says otherwise it does what it did; what needs nothing of it goes on.
        if (failures++ === 0 && !signal.aborted) this.#reports.connected(this.#effective);
        await pause(askAgainMs, signal);
      }
    }
  }

  #refused(error: Error): void {
    if (error instanceof PermissionViolationError && error.operation === "publish") {
      for (const listener of [...this.#listeners]) listener.publishForbidden?.(error.subject, error);
    }
    if (this.#connected || !(error instanceof AuthorizationError)) return;
    const fatal = classify(error, { action: `Reconnecting to ${this.#settings.servers.join(", ")}` });
    if (fatal.retryable) return;
    this.#end(fatal);
  }

  /** Finds out whether the server takes the certificate no more. */
  async #askWhy(): Promise<void> {
    if (this.#settings.tls === undefined || this.#askingWhy) return;
    this.#askingWhy = true;
    const refusal = await certificateRefusal(this.#settings, askWhyWithinMs);
    this.#askingWhy = false;
    if (refusal !== undefined && !this.#connected && !this.#closed) this.#end(refusal);
  }

  #end(fatal: BusError): void {
    this.#fatal = fatal;
    this.#closed = true;
    void this.client.close();
    this.#reports.fatal(fatal);
  }
}

/** Rejects where a connection that is encrypted does not come up because the server refuses the certificate; never settles otherwise. */
async function refusedCertificate(settings: NatsSettings, over: AbortSignal): Promise<never> {
  if (settings.tls !== undefined) {
    await pause(Math.min(askWhyAfterMs, settings.connectTimeoutMs / 2), over);
    const refusal = over.aborted ? undefined : await certificateRefusal(settings, askWhyWithinMs);
    if (refusal !== undefined) throw refusal;
  }
  return new Promise<never>(() => undefined);
}

/** Asks whether JetStream answers this account, which may differ from what the server says of itself. */
async function inspect(
  client: NatsConnection,
  api: JetStreamManager,
  { maxBytes, retention }: NatsSettings,
): Promise<EffectiveCapabilities> {
  const jetStream: JetStreamStanding | undefined = await api.getAccountInfo().then(
    // The client's types do not know the level.
    ({ api: answered }) => ({ level: (answered as { level?: number }).level, bounded: maxBytes !== -1, retention }),
    (error: unknown) => {
      const { name, code } = error as { name?: string; code?: unknown };
      if (name === "JetStreamNotEnabled" || code === 10039 || code === 10076) return undefined;
      throw error;
    },
  );
  const { info } = client;
  if (info === undefined)
    throw new ConnectionError("The connection was lost while it was being opened.", { broker: "nats" });
  return effectiveCapabilities(info, jetStream);
}

function connectionOptions(settings: NatsSettings, pace: Pace): ConnectionOptions {
  const { username, password, token } = settings.credentials;
  return {
    servers: [...settings.servers],
    name: settings.clientName,
    timeout: settings.connectTimeoutMs,
    noAsyncTraces: true,
    pingInterval: settings.pingIntervalMs,
    maxPingOut: 2,
    maxReconnectAttempts: -1,
    // Which refusal is final is decided here: the client would give up on a server that is merely slow.
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: () => pace.delayMs,
    inboxPrefix: settings.inboxPrefix,
    ...authenticating(settings.identity),
    ...(token === undefined ? {} : { token }),
    ...(username === undefined ? {} : { user: username, pass: password ?? "" }),
    ...(settings.tls === undefined ? {} : { tls: { ...settings.tls } }),
  };
}

/**
 * How long the client waits between dials. It asks several times for each dial, so the answer changes only with a dial. What
 * falls again soon after it came back counts as the same trouble.
 */
class Pace {
  #dials = 0;
  #arrivedAt: number | undefined = performance.now();
  delayMs = 0;

  dialling(): void {
    if (this.#arrivedAt !== undefined && performance.now() - this.#arrivedAt > reconnectPolicy.maxMs) this.#dials = 0;
    this.#arrivedAt = undefined;
    this.#dials++;
    this.delayMs = backoffDelayMs(this.#dials, reconnectPolicy);
  }

  arrived(): void {
    this.#arrivedAt = performance.now();
  }
}

/** With TLS 1.3 a server says after the handshake what it thinks of a client's certificate, and the client library hears only that it hangs up. */
function adviceOf({ tls }: NatsSettings): string {
  return tls === undefined
    ? ""
    : "; where it asks for a certificate it may not trust yours: check tls.cert and tls.key";
}

async function bounded<T>(work: Promise<T>, timeoutMs: number, action: string, advice = ""): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ConnectionError(`${action} failed: no answer within ${timeoutMs} ms${advice}.`, { broker: "nats" }));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reaches behind the client's types, for a remedy only: without it the client would find out by itself, later. */
function destroySocket(client: NatsConnection): void {
  const { protocol } = client as { protocol?: { transport?: { socket?: { destroy?: () => void } } } };
  protocol?.transport?.socket?.destroy?.();
}
