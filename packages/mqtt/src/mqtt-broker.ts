import type {
  AbortOptions,
  Broker,
  BrokerStatus,
  DeadLetterStore,
  Delivery,
  EffectiveCapabilities,
  OutboundRecord,
  PublishOutcome,
  Receipt,
  SubscribeRequest,
  Subscriber,
} from "@busbar/core/contract";
import { ClosedError, ConnectionError, rejected, RefusedError, StatusHub, UnsupportedError } from "@busbar/core/driver";
import type { BusError } from "@busbar/core/driver";
import type { MqttClient } from "mqtt";
import { declared, effectiveCapabilities, hivemq } from "./capabilities.ts";
import type { MqttCapabilities, ServerProperties } from "./capabilities.ts";
import { openAny } from "./connection.ts";
import { willDelaySeconds } from "./last-will.ts";
import type { Connection, ConnectionPlan } from "./connection.ts";
import { RetainedDeadLetters } from "./dead-letters.ts";
import { atQos2, fromRecord } from "./from-record.ts";
import { inspectServer } from "./inspect-server.ts";
import { Link } from "./link.ts";
import { endSession } from "./end-session.ts";
import { clientIdOf, MqttSubscriber } from "./mqtt-subscriber.ts";
import { parseOptions } from "./options.ts";
import type { MqttOptions, MqttSettings } from "./options.ts";
import { Publisher } from "./publisher.ts";
import type { PublishOrder } from "./publisher.ts";
import { isReserved } from "./topic.ts";

/** How long `close` waits for publishes to be confirmed, in milliseconds. */
const publishFlushMs = 2000;

/** What `bus.native()` gives on MQTT: the client of mqtt.js that publishes, until its connection is lost. Do not subscribe with it. */
export type MqttNativeClient = MqttClient;

/**
 * A broker over MQTT: one connection publishes and never subscribes, and every subscription has one of its own.
 *
 * @see `mqtt`, the factory for everybody who does not inject.
 */
export class MqttBroker implements Broker<MqttCapabilities, MqttClient> {
  readonly name = "mqtt" as const;
  readonly declared: MqttCapabilities = declared;
  /** Retained messages under `_busbar/dlq/<group>/<slot>`. */
  readonly deadLetters: DeadLetterStore;
  readonly onStatus: (listener: (status: BrokerStatus) => void) => () => void;
  readonly #settings: MqttSettings;
  /** What this bus knows its own messages by, where it is not to get them back. */
  readonly #origin: string | undefined;
  readonly #hub = new StatusHub();
  readonly #publisher: Publisher;
  readonly #subscribers = new Map<string, MqttSubscriber>();
  readonly #closing = new AbortController();
  /** Where the server gives less than was asked for, and that was to be accepted. */
  readonly #weaker = new Set<string>();
  /** Of what is published at least once. */
  #qos: 1 | 2 = 1;
  /** The name of the publishing session, where one has to outlive its connection. */
  #clientId: string | undefined;
  #link: Link | undefined;
  #effective: EffectiveCapabilities | undefined;
  #opening: Promise<EffectiveCapabilities> | undefined;
  #closed: Promise<void> | undefined;

  /** @throws ConfigError that lists everything wrong with the options. No I/O. */
  constructor(options: MqttOptions) {
    this.#settings = parseOptions(options);
    this.#origin = this.#settings.noLocal ? crypto.randomUUID() : undefined;
    this.onStatus = this.#hub.on;
    this.#publisher = new Publisher(this.#server());
    this.deadLetters = new RetainedDeadLetters({
      settings: this.#settings,
      publish: (order) => this.#publisher.publish(order),
      supported: () => this.#effective?.supports.deadLetters !== "unsupported",
      inOrder: () => this.#effective?.product === "mosquitto",
    });
  }

  /**
   * The client of mqtt.js that publishes, until its connection is lost: the next connection has another one, so ask again
   * instead of keeping it. Do not subscribe with it.
   */
  get native(): MqttNativeClient {
    const client = this.#link?.connection?.client;
    if (client === undefined)
      throw this.#notConnected("The client of mqtt.js is there only while there is a connection");
    return client;
  }

  open(options: AbortOptions = {}): Promise<EffectiveCapabilities> {
    if (this.#closed !== undefined) return Promise.reject(this.#closedError("Opening"));
    return (this.#opening ??= this.#open(options).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    }));
  }

  async #open({ signal }: AbortOptions): Promise<EffectiveCapabilities> {
    const link = new Link({
      open: (attempt, ended) => this.#connect(attempt, ended),
      onLost: (error) => {
        this.#publisher.detach(error);
        this.#hub.emit({ type: "disconnected", error });
      },
      onBack: (connection) => this.#connected(connection),
      onFatal: (error) => this.#hub.emit({ type: "fatal", error, only: "publishing" }),
    });
    const connection = await link.start(
      signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]),
    );
    this.#link = link;
    return this.#connected(connection);
  }

  async #connect(attempt: number, signal: AbortSignal): Promise<Connection> {
    const connection = await openAny(this.#settings, { ...this.#plan(), signal }, attempt);
    const properties = connection.connack.properties ?? {};
    try {
      this.#qos = this.#grantedQos(properties, connection.server);
    } catch (error) {
      await connection.close();
      throw error;
    }
    const facts = await inspectServer(this.#settings, signal);
    const effective = effectiveCapabilities(this.#settings.protocolVersion, properties, facts, {
      qos: this.#qos,
      envelope: this.#settings.envelope,
      topology: this.#settings.topology,
    });
    this.#effective = { ...effective, warnings: [...effective.warnings, ...this.#weaker] };
    return connection;
  }

  /** The server says in CONNACK what it takes at most (MQTT 5.0 §3.2.2.3.4). */
  #grantedQos({ maximumQoS = 2 }: ServerProperties, server: string): 1 | 2 {
    const { qos, weakerQos } = this.#settings;
    if (qos === 1 || maximumQoS === 2) return qos;
    const text = `${server} takes QoS ${maximumQoS} at most, and native.qos asks for 2`;
    if (weakerQos === "refuse")
      throw new RefusedError(`Connecting to ${text}. Set native.qos to 1, or native.weakerQos to "accept".`, {
        broker: "mqtt",
      });
    this.#weaker.add(`${text}: QoS 1 is used.`);
    return 1;
  }

  /** Says that a subscription got less than it asked for. */
  #warnOfWeaker(text: string): void {
    if (this.#effective === undefined || this.#weaker.has(text)) return;
    this.#weaker.add(text);
    this.#effective = { ...this.#effective, warnings: [...this.#effective.warnings, text] };
    if (this.#link?.connection !== undefined) this.#hub.emit({ type: "connected", effective: this.#effective });
  }

  /** A will that waits for the process to come back waits for its session: the same one under the same name (MQTT 5.0 §3.1.3.2.2). */
  #plan(): ConnectionPlan {
    const delaySeconds = willDelaySeconds(this.#settings.will);
    if (delaySeconds === 0) return { clientId: this.#newClientId(), cleanStart: true, hasWill: true };
    this.#clientId ??= this.#newClientId();
    return { clientId: this.#clientId, cleanStart: false, sessionExpirySeconds: delaySeconds, hasWill: true };
  }

  #newClientId(): string {
    return `${this.#settings.clientName}-publish-${crypto.randomUUID().slice(0, 13)}`;
  }

  #connected(connection: Connection): EffectiveCapabilities {
    const effective = this.#effective as EffectiveCapabilities;
    this.#publisher.attach(connection, effective.supports.routing === "native");
    this.#hub.emit({ type: "connected", effective });
    return effective;
  }

  publish(record: OutboundRecord, { signal }: AbortOptions = {}): Promise<Receipt> {
    try {
      return this.#publisher.publish({ ...this.#orderOf(record), signal });
    } catch (error) {
      return rejected(error);
    }
  }

  post(record: OutboundRecord, outcome: PublishOutcome): void {
    try {
      this.#publisher.post(this.#orderOf(record), outcome);
    } catch (error) {
      outcome.refused(error as Error);
    }
  }

  #orderOf(record: OutboundRecord): PublishOrder {
    const tellsRouted = this.#effective?.supports.routing === "native";
    const { protocolVersion, emptyRetained, envelope } = this.#settings;
    const made = fromRecord(record, protocolVersion, {
      tellsRouted,
      clears: emptyRetained === "clear",
      origin: this.#origin,
      envelope,
    });
    const publication = this.#qos === 2 && record.delivery === "at-least-once" ? atQos2(made) : made;
    const { id, topic, key } = record;
    return { publication, id, topic, key };
  }

  async subscribe(request: SubscribeRequest, sink: (delivery: Delivery) => void): Promise<Subscriber> {
    const clientId = this.#freeClientId(request, "Subscribing to");
    this.#assertNothingLost(request);
    const subscriber = new MqttSubscriber(request, sink, {
      settings: this.#settings,
      origin: this.#origin,
      tell: (status) => this.#hub.emit(status),
      warnOfWeaker: (text) => this.#warnOfWeaker(text),
      publishingSince: () => this.#link?.connection?.since,
      leavesMembersIdle: () => this.#effective?.product === hivemq,
      mayRepeat: () => this.#effective?.product === "unknown",
      onGone: () => {
        if (this.#subscribers.get(clientId) === subscriber) this.#subscribers.delete(clientId);
      },
    });
    this.#subscribers.set(clientId, subscriber);
    try {
      await subscriber.start({ signal: this.#closing.signal });
    } catch (error) {
      this.#subscribers.delete(clientId);
      throw error;
    }
    return subscriber;
  }

  /** Without subscribing: MQTT 3.1.1 would bring all that is kept before it confirms that. */
  async forget(request: SubscribeRequest): Promise<void> {
    await endSession(this.#settings, this.#freeClientId(request, "Forgetting the subscription to"));
  }

  /** The client id of a subscription that may be had: nobody in this process has it. */
  #freeClientId(request: SubscribeRequest, doing: string): string {
    const { filter } = request;
    if (this.#closed !== undefined) throw this.#closedError(`${doing} "${filter}"`);
    if (this.#effective === undefined) throw this.#notConnected(`${doing} "${filter}" failed`);
    this.#assertGroups(request);
    const clientId = clientIdOf(request);
    if (!this.#subscribers.has(clientId)) return clientId;
    throw new RefusedError(
      `The subscription to "${filter}" is there already: a server knows one subscription of a member by one client id, "${clientId}".`,
      { code: "BUSBAR_INSTANCE_IN_USE", broker: "mqtt", topic: filter },
    );
  }

  /** A server without shared subscriptions may take one for an ordinary filter, on which nothing ever arrives. */
  #assertGroups({ filter, group }: SubscribeRequest): void {
    if (group === undefined || this.#effective?.supports.groups !== "unsupported") return;
    const detail = "this server does not have shared subscriptions; leave group out, or use a server that has them.";
    throw new UnsupportedError([{ capability: "groups", subject: `subscribe("${filter}")`, detail }], {
      broker: "mqtt",
      topic: filter,
    });
  }

  /** What a member of a group is given nobody else is: one that lets go of its own would lose it for all, so the protocol forbids it (MQTT 5.0 §3.8.3.1). */
  #assertNothingLost({ filter, group }: SubscribeRequest): void {
    if (group === undefined || this.#origin === undefined || isReserved(filter)) return;
    const detail =
      "with native.noLocal a group would lose what its own members publish; leave group out, or subscribe by another broker of the configuration that has the same url and no noLocal.";
    throw new UnsupportedError([{ capability: "groups", subject: `subscribe("${filter}")`, detail }], {
      broker: "mqtt",
      topic: filter,
    });
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    const subscribers = [...this.#subscribers.values()];
    this.#closing.abort(this.#closedError("Connecting"));
    const [flushed] = await Promise.all([
      this.#publisher.close(publishFlushMs),
      ...subscribers.map((subscriber) => subscriber.close()),
    ]);
    const connection = this.#link?.end(this.#closedError("Reconnecting"));
    this.#publisher.detach();
    await connection?.close({ endSession: this.#clientId !== undefined, ...(flushed ? {} : { withinMs: 300 }) });
  }

  #server(): string {
    const { scheme, servers } = this.#settings;
    return `${scheme}://${servers.map(({ host, port }) => `${host}:${port}`).join(",")}`;
  }

  #notConnected(what: string): BusError {
    return new ConnectionError(`${what}: there is no connection to ${this.#server()}.`, { broker: "mqtt" });
  }

  #closedError(what: string): BusError {
    return new ClosedError(`${what} failed: the broker at ${this.#server()} is closed.`, { broker: "mqtt" });
  }
}
