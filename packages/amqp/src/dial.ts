import type { BusError } from "@busbar/core/driver";
import { atMost, ConnectionError } from "@busbar/core/driver";
import { connect, credentials } from "amqplib";
import type { ChannelModel } from "amqplib";
import type { ServerIdentity } from "./capabilities.ts";
import { classify } from "./classify.ts";
import type { AmqpHost, AmqpSettings } from "./options.ts";
import { SocketBatch, socketOf } from "./socket-batch.ts";
import { takeUnreadableProperties } from "./unreadable-properties.ts";

/** What a connection is for; the broker's tools show it beside the client's name. */
export type Purpose = "publish" | "consume" | "browse";

/** How the life of one connection went on, told to its owner. */
export interface LinkEvents {
  /** The connection is gone; called once, with the reason. */
  readonly lost: (error: BusError) => void;
  readonly flow: (blocked: boolean, reason?: string) => void;
}

/** One open connection, from handshake to loss. */
export interface Link {
  readonly model: ChannelModel;
  readonly server: ServerIdentity;
  readonly batch: SocketBatch;
  /** Resolves with the reason when it is gone. */
  readonly lost: Promise<BusError>;
  /** Closes it, politely while that takes no longer than `graceMs`. Never rejects. */
  close(graceMs: number): Promise<void>;
}

/**
 * Opens a connection: every host in turn, beginning with number `first`, until one answers, all of it within `connectTimeoutMs`. A host that
 * answers and refuses ends the attempt, for the others belong to the same cluster. Rejects typed.
 */
export async function dial(
  settings: AmqpSettings,
  purpose: Purpose,
  events: LinkEvents,
  first: number,
  signal?: AbortSignal,
): Promise<Link> {
  const deadline = Date.now() + settings.connectTimeoutMs;
  const { hosts } = settings;
  let failure: BusError | undefined;
  for (const index of hosts.keys()) {
    const host = hosts[(first + index) % hosts.length] as AmqpHost;
    // An equal part of what is left for each, or a host that swallows packets would use up the time of the others.
    const timeoutMs = Math.ceil((deadline - Date.now()) / (hosts.length - index));
    signal?.throwIfAborted();
    try {
      return await dialHost(settings, host, purpose, events, Math.max(timeoutMs, 1), signal);
    } catch (error) {
      signal?.throwIfAborted();
      failure = classify(error, { what: `Connecting to ${host.hostname}:${host.port}` });
      if (!failure.retryable) throw failure;
    }
  }
  throw failure ?? new ConnectionError("No host to connect to.", { broker: "amqp" });
}

/**
 * How much the client gives to a socket before it waits for that to be written: more than a window of common messages, since what it held
 * back it writes afterwards with a system call for each message.
 */
const socketBuffer = { highWaterMark: 1_048_576 };

async function dialHost(
  settings: AmqpSettings,
  host: AmqpHost,
  purpose: Purpose,
  events: LinkEvents,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Link> {
  const opening = connect(
    {
      protocol: settings.protocol,
      hostname: host.hostname,
      port: host.port,
      username: settings.username,
      password: settings.password,
      // The client decodes it once more.
      vhost: encodeURIComponent(settings.virtualHost),
      heartbeat: settings.heartbeatSeconds,
    },
    {
      ...settings.tls,
      noDelay: true,
      keepAlive: true,
      ...socketBuffer,
      timeout: timeoutMs,
      ...(settings.saslMechanism === "external" ? { credentials: credentials.external() } : {}),
      clientProperties: { connection_name: settings.clientName, purpose },
    },
  );
  return linkOf(await within(opening, timeoutMs, signal), events);
}

/** The client's own time limit is one of silence, which a server that trickles bytes never breaks; this one is of time. */
function within(
  opening: Promise<ChannelModel>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<ChannelModel> {
  return new Promise((resolve, reject) => {
    let over = false;
    const end = (act: () => void): void => {
      over = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      act();
    };
    const abort = (): void => end(() => reject(signal?.reason as Error));
    const timer = setTimeout(() => end(() => reject(new Error("connect ETIMEDOUT"))), timeoutMs);
    signal?.addEventListener("abort", abort, { once: true });
    opening.then(
      (model) => (over ? discard(model) : end(() => resolve(model))),
      (error: unknown) => over || end(() => reject(asError(error))),
    );
  });
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function discard(model: ChannelModel): void {
  model.on("error", () => undefined);
  // With an error, or the client does not notice, and its heartbeats keep the process alive until one is missed.
  socketOf(model)?.destroy(new Error("The connection is not wanted any more"));
}

function linkOf(model: ChannelModel, events: LinkEvents): Link {
  let reason: unknown;
  let open = true;
  takeUnreadableProperties(model);
  const lost = new Promise<BusError>((resolve) => {
    model.on("error", (error: Error) => (reason ??= error));
    model.on("close", (error?: Error) => {
      open = false;
      letGo(model);
      const found = classify(reason ?? error ?? new Error("Connection closed"), { what: "The connection ended" });
      resolve(found);
      events.lost(found);
    });
  });
  model.on("blocked", (why: string) => events.flow(true, why));
  model.on("unblocked", () => events.flow(false));
  const { product = "unknown", version = "unknown" } = model.connection.serverProperties as Partial<ServerIdentity>;
  return {
    model,
    server: { product, version },
    batch: new SocketBatch(model),
    lost,
    async close(graceMs) {
      if (!open) return;
      // The client's promise stays open for ever when the connection dies while it closes; its event does come.
      void model.close().catch(() => undefined);
      await atMost(graceMs, lost);
      if (open) socketOf(model)?.destroy(new Error("Connection closing took too long"));
    },
  };
}

/** The client only ends the socket, which then waits for a peer that may be gone: nothing of it may keep the process alive. */
function letGo(model: ChannelModel): void {
  const socket = socketOf(model);
  if (socket === undefined || socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), 1000);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
  socket.once("finish", () => socket.destroy());
  socket.unref();
}
