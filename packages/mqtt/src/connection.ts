import mqtt from "mqtt";
import type { IClientOptions, IConnackPacket, MqttClient, Store } from "mqtt";
import { BusError, ConnectionError } from "@busbar/core/driver";
import { classify } from "./classify.ts";
import { answerQuestions, assertProved, beginning } from "./enhanced-authentication.ts";
import { gatherWrites } from "./gathered-writes.ts";
import { willDelaySeconds, willPacket } from "./last-will.ts";
import type { MqttSettings, ServerAddress } from "./options.ts";
import { putPingsOffSeldom } from "./seldom-put-off.ts";

/** One connection to be made. */
export interface ConnectionPlan {
  readonly clientId: string;
  /** True forgets what the server kept under this client id (MQTT 5.0 §3.1.2.4; 3.1.1: Clean Session). */
  readonly cleanStart: boolean;
  /** How long the server is to keep the session after the connection, in seconds. MQTT 5 only. @default 0 */
  readonly sessionExpirySeconds?: number;
  /** The most unacknowledged messages that the server may send (MQTT 5.0 §3.1.2.11.3). MQTT 5 only. @default 65,535 */
  readonly receiveMaximum?: number;
  /** Whether this is the connection whose loss the server is to publish the last will for. @default false */
  readonly hasWill?: boolean;
  /** Called before the first byte is sent: the messages of a kept session come right behind CONNACK. */
  readonly prepare?: (client: MqttClient) => void;
  readonly signal?: AbortSignal | undefined;
}

/** How a connection is closed. */
export interface CloseOptions {
  /** Tells the server to forget the session at once. MQTT 5 only. @default false */
  readonly endSession?: boolean;
  /** How long the server has for its part of the goodbye, in milliseconds. @default 2000 */
  readonly withinMs?: number;
}

/**
 * One network connection. mqtt.js would keep one client over many connections and send again by itself what was not confirmed;
 * here a client lives as long as its connection, so nothing of an old one can reach a new one, and who sends again is core.
 */
export class Connection {
  readonly client: MqttClient;
  /** The server as a person knows it, without user and password. */
  readonly server: string;
  readonly connack: IConnackPacket;
  /** When CONNACK came, in milliseconds of the monotonic clock. */
  readonly since: number = performance.now();
  readonly #ended: Ending;

  private constructor(client: MqttClient, server: string, connack: IConnackPacket, ended: Ending) {
    this.client = client;
    this.server = server;
    this.connack = connack;
    this.#ended = ended;
  }

  /**
   * Connects to one server, within `connectTimeoutMs`.
   *
   * @throws what `classify` makes of it, or the signal's reason; nothing is left open then.
   */
  static async open(settings: MqttSettings, address: ServerAddress, plan: ConnectionPlan): Promise<Connection> {
    const { signal } = plan;
    const { authentication } = settings;
    const first = await beginning(authentication);
    const server = `${settings.scheme}://${address.host}:${address.port}`;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const client = mqtt.connect(clientOptions(settings, address, plan, first));
      if (authentication !== undefined) answerQuestions(client, authentication);
      const ending: Ending = {};
      const abort = (): void => void client.stream.destroy(signal?.reason as Error);
      client.on("error", (error) => (ending.error ??= error));
      client.on("disconnect", (packet) => (ending.error ??= new ServerDisconnect(packet.reasonCode ?? 0)));
      client.once("connect", (connack) => {
        signal?.removeEventListener("abort", abort);
        try {
          if (authentication !== undefined) assertProved(authentication, connack.properties?.authenticationData);
        } catch (error) {
          ending.error = error;
          client.stream.destroy();
          return;
        }
        ending.connected = true;
        // An error on the way here was survived.
        delete ending.error;
        resolve(new Connection(client, server, connack, ending));
      });
      client.once("close", () => {
        signal?.removeEventListener("abort", abort);
        if (ending.connected !== true) {
          return reject(
            signal?.aborted === true
              ? (signal.reason as Error)
              : classify(ending.error, { operation: "connect", server }),
          );
        }
        ending.closed = true;
        ending.tell?.();
      });
      plan.prepare?.(client);
      try {
        client.connect();
      } catch (error) {
        // A certificate or a key that is none is thrown by Node at once.
        return reject(classify(error, { operation: "connect", server }));
      }
      // What has no code, such as a WebSocket that is refused, mqtt.js keeps to itself.
      client.stream.on("error", (error) => (ending.error ??= error));
      // mqtt.js leaves Nagle's algorithm on. A WebSocket turns it off by itself.
      (client.stream as Partial<{ setNoDelay(on: boolean): void }>).setNoDelay?.(true);
      gatherWrites(client.stream);
      putPingsOffSeldom(client);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Calls back once when the connection is gone, however it ended, also when it is gone already. */
  onClosed(callback: (error: BusError) => void): void {
    const tell = (): void => callback(classify(this.#ended.error, { operation: "connected", server: this.server }));
    if (this.#ended.closed === true) queueMicrotask(tell);
    else this.#ended.tell = tell;
  }

  /** Says goodbye and resolves once the connection is gone. */
  close({ endSession = false, withinMs = 2000 }: CloseOptions = {}): Promise<void> {
    const { client } = this;
    if (this.#ended.closed === true) return Promise.resolve();
    return new Promise((resolve) => {
      // A goodbye waits for outstanding confirmations and for the server, neither of which may ever come.
      const timer = setTimeout(() => client.stream.destroy(), withinMs);
      client.once("close", () => {
        clearTimeout(timer);
        resolve();
      });
      client.end(false, { reasonCode: 0, ...(endSession ? { properties: { sessionExpiryInterval: 0 } } : {}) });
    });
  }
}

/** What became of a connection, as far as it is known. */
interface Ending {
  connected?: true;
  closed?: true;
  error?: unknown;
  tell?: () => void;
}

/** The server's own goodbye (MQTT 5.0 §3.14). */
class ServerDisconnect extends Error {
  override readonly name: string = "ServerDisconnect";
  readonly code: number;

  constructor(code: number) {
    super(`DISCONNECT with reason code ${code}`);
    this.code = code;
  }
}

/**
 * Connects to the first server that can be reached.
 *
 * @throws at once what one of them refused, otherwise what the last one said.
 */
export async function openAny(settings: MqttSettings, plan: ConnectionPlan, first: number = 0): Promise<Connection> {
  const { servers } = settings;
  let failure: unknown = new ConnectionError("There is no server to connect to.", { broker: "mqtt" });
  for (let index = 0; index < servers.length; index++) {
    const address = servers[(first + index) % servers.length];
    if (address === undefined) break;
    try {
      return await Connection.open(settings, address, plan);
    } catch (error) {
      failure = error;
      if (plan.signal?.aborted === true || !BusError.is(error) || !error.retryable) break;
    }
  }
  throw failure;
}

function clientOptions(
  settings: MqttSettings,
  { host, port }: ServerAddress,
  plan: ConnectionPlan,
  authentication: Awaited<ReturnType<typeof beginning>>,
): IClientOptions {
  const { scheme, protocolVersion, username, password, tls, alpn, topicAliases } = settings;
  const secure = scheme === "mqtts" || scheme === "wss";
  const overWebSocket = scheme === "ws" || scheme === "wss";
  const { sessionExpirySeconds, receiveMaximum, hasWill } = plan;
  const will = hasWill === true ? settings.will : undefined;
  return {
    protocol: scheme,
    hostname: overWebSocket ? host : host.replace(/^\[|\]$/g, ""),
    port,
    protocolVersion,
    clientId: plan.clientId,
    clean: plan.cleanStart,
    keepalive: settings.keepaliveSeconds,
    connectTimeout: settings.connectTimeoutMs,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(secure ? tls : {}),
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    ...(will === undefined ? {} : { will: willPacket(will, willDelaySeconds(will), protocolVersion, settings.qos) }),
    ...(overWebSocket ? { path: settings.path, wsOptions: webSocketOptions(tls) } : {}),
    ...(protocolVersion === 5
      ? {
          properties: {
            ...(sessionExpirySeconds === undefined ? {} : { sessionExpiryInterval: sessionExpirySeconds }),
            ...(receiveMaximum === undefined ? {} : { receiveMaximum }),
            ...authentication,
          },
        }
      : {}),
    ...(topicAliases ? { autoAssignTopicAlias: true } : {}),
    manualConnect: true,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    messageIdProvider: new mqtt.UniqueMessageIdProvider(),
    outgoingStore: new ForgetfulStore(),
    // It would print packets, and CONNECT holds the password.
    log: () => {},
  };
}

function webSocketOptions(tls: MqttSettings["tls"]): NonNullable<IClientOptions["wsOptions"]> {
  const { servername } = tls;
  return { perMessageDeflate: false, ...(servername === undefined ? {} : { servername }) };
}

/** Keeps no copy of what is sent, because a client here has no second connection to send it over. */
class ForgetfulStore extends mqtt.Store {
  override put(_packet: Parameters<Store["put"]>[0], callback: Parameters<Store["put"]>[1]): this {
    callback();
    return this;
  }

  override del(_packet: Parameters<Store["del"]>[0], callback: Parameters<Store["del"]>[1]): this {
    callback();
    return this;
  }
}
