import type { AbortOptions, Delivery, SubscribeRequest, Subscriber } from "@busbar/core/contract";
import { HandOut, oncePerTurn, RefusedError } from "@busbar/core/driver";
import type { BusError } from "@busbar/core/driver";
import type { IClientSubscribeOptions, IPublishPacket } from "mqtt";
import { AcknowledgedArrival, UnacknowledgedArrival } from "./arrival.ts";
import type { ArrivalOrigin, TellStatus } from "./arrival.ts";
import { classify } from "./classify.ts";
import { openAny } from "./connection.ts";
import type { Connection, ConnectionPlan } from "./connection.ts";
import { endSession } from "./end-session.ts";
import { IdleMember } from "./idle-member.ts";
import { InboundFlow } from "./inbound-flow.ts";
import { Link, settledAfterMs } from "./link.ts";
import type { MqttSettings } from "./options.ts";
import { isFrom, toRecord } from "./to-record.ts";
import { isReservedFor, toMqttFilter } from "./topic.ts";

/** What a subscriber needs of its broker. */
export interface SubscriberSurroundings {
  readonly settings: MqttSettings;
  /** Whose messages are not handed out; `undefined` where all are. */
  readonly origin: string | undefined;
  readonly tell: TellStatus;
  /** Told where the server grants less than was asked for, and that is to be accepted. */
  readonly warnOfWeaker: (text: string) => void;
  /** When the publishing connection last came up, on the monotonic clock; `undefined` while it is down. */
  readonly publishingSince: () => number | undefined;
  /** Whether the server leaves a member of a group idle over what waits for it, until that member asks. */
  readonly leavesMembersIdle: () => boolean;
  /** Whether the server may send all that a member of a group has not settled once more, in the same connection, when the member subscribes again. */
  readonly mayRepeat: () => boolean;
  /** Called once when the subscription has let go of its client id. */
  readonly onGone: () => void;
}

/** The client id of a subscription, and so the name of its session: all that makes it come back to its messages. */
export function clientIdOf({ member, name }: SubscribeRequest): string {
  return `${member}-${name}`;
}

/** Retain Handling of MQTT 5.0 §3.8.3.1. */
const retainHandling = { always: 0, new: 1, never: 2 } as const;

/** How long a server has to answer what it is told at the end, in milliseconds. */
const goodbyeMs = 1500;
const hastyGoodbyeMs = 300;

/** How long a subscription that comes back waits for the server to confirm it once more, in milliseconds. */
const renewedWithinMs = 1000;

/** So many connections in a row that end as soon as they are there mean that somebody else uses the client id. */
const takeovers = 3;

/**
 * One subscription with a client, a connection and a session of its own: Receive Maximum counts per connection, and an
 * acknowledgement settles a packet for every subscription of its session.
 */
export class MqttSubscriber implements Subscriber {
  readonly #request: SubscribeRequest;
  readonly #around: SubscriberSurroundings;
  readonly #filter: string;
  readonly #handOut: HandOut;
  readonly #link: Link;
  readonly #acknowledges: boolean;
  #flow: InboundFlow | undefined;
  #origin: ArrivalOrigin | undefined;
  #idle: IdleMember | undefined;
  #session = 0;
  /** Whether the server has taken the subscription into the session that it keeps now. */
  #subscribed = false;
  /** How many messages came before the server confirmed the subscription, where those are not handed out. */
  #early: number | undefined;
  /** When the last connection came up, if it did not last. */
  #briefly: number | undefined;
  #shortLived = 0;
  #dropped = 0;
  #stopped = false;
  #closing: Promise<void> | undefined;
  readonly #tellDroppedSoon: () => void = oncePerTurn(() => this.#tellDropped());

  constructor(request: SubscribeRequest, sink: (delivery: Delivery) => void, around: SubscriberSurroundings) {
    this.#request = request;
    this.#around = around;
    this.#filter = toMqttFilter(request.filter, request.group);
    this.#acknowledges = request.delivery === "at-least-once";
    this.#handOut = new HandOut({
      credit: request.maxInFlight,
      sink,
      overflow: this.#acknowledges ? "hold" : "drop-oldest",
      onHold: (held) => this.#flow?.hold(held),
      onDrop: (count) => {
        this.#dropped += count;
        this.#tellDroppedSoon();
      },
    });
    this.#link = new Link({
      open: (attempt, signal) => this.#open(attempt, signal),
      onLost: (error, connection) => this.#lost(error, connection),
      onBack: () => this.#around.tell({ type: "subscription", name: request.name, connected: true }),
      onFatal: (error) => this.#fatal(error),
    });
  }

  /** Connects and subscribes; resolves when the server has confirmed the subscription. */
  async start({ signal }: AbortOptions = {}): Promise<void> {
    await this.#link.start(signal);
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#handOut.stop();
    return Promise.resolve();
  }

  async flush(): Promise<void> {
    await this.#flow?.flush();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#letGo());
  }

  pause(): void {
    this.#handOut.pause();
  }

  resume(): void {
    this.#handOut.resume();
  }

  async remove(): Promise<void> {
    await this.close();
    await endSession(this.#around.settings, clientIdOf(this.#request));
  }

  async #letGo(): Promise<void> {
    await this.stop();
    const answered = await this.#flow?.flush();
    const connection = this.#link.end(new Error("The subscription is closed."));
    this.#handOut.endGeneration();
    // One that does not answer a ping will not answer a goodbye.
    if (connection !== undefined) await this.#leave(connection, answered === true ? goodbyeMs : hastyGoodbyeMs);
    this.#around.onGone();
  }

  /**
   * A durable subscription is left without UNSUBSCRIBE, which would delete it. A member of a group that is not durable unsubscribes, so
   * that it is given nothing more, and keeps the session a little, in which its unsettled messages wait for it.
   */
  async #leave(connection: Connection, withinMs: number): Promise<void> {
    const { durable, group } = this.#request;
    if (!durable && group !== undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        connection.client.unsubscribe(this.#filter, () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    await connection.close({ endSession: !durable && group === undefined, withinMs });
  }

  /**
   * ActiveMQ Artemis (2.40.0) sends a member of a group all that is unsettled when it connects, and all of it once more under other identifiers when it
   * subscribes, which a new process has to. So what came before that was confirmed is left for a second connection, which need not subscribe.
   */
  async #open(attempt: number, signal: AbortSignal): Promise<Connection> {
    if (attempt === 0) this.#assertNotTakenOver();
    if (this.#request.group === undefined || !this.#around.mayRepeat()) return this.#connect(attempt, signal);
    this.#early = 0;
    try {
      const connection = await this.#connect(attempt, signal);
      if (this.#early === 0) return connection;
      await connection.close();
    } finally {
      this.#early = undefined;
    }
    return this.#connect(attempt, signal, { isConfirmed: true });
  }

  /** Connects, and subscribes where that is needed: not where it was just confirmed, as long as the session is there. */
  async #connect(attempt: number, signal: AbortSignal, { isConfirmed = false } = {}): Promise<Connection> {
    const connection = await openAny(this.#around.settings, { ...this.#plan(), signal }, attempt);
    try {
      if (!isConfirmed || !connection.connack.sessionPresent) await this.#takeUp(connection, signal);
      this.#idle = this.#idleMember(connection);
      return connection;
    } catch (error) {
      await connection.close({ endSession: !this.#subscribed });
      throw error;
    }
  }

  #plan(): ConnectionPlan {
    const { name, durable, group, graceMs, maxInFlight } = this.#request;
    const { protocolVersion, sessionExpirySeconds } = this.#around.settings;
    const kept = durable || group !== undefined;
    return {
      clientId: clientIdOf(this.#request),
      // MQTT 3.1.1 keeps a session until somebody ends it: one under a name that never comes again would stay for good.
      cleanStart: !kept && (protocolVersion === 4 || !this.#subscribed),
      sessionExpirySeconds: durable ? sessionExpirySeconds : Math.max(1, Math.ceil(graceMs / 1000)),
      receiveMaximum: Math.min(maxInFlight, 65_535),
      prepare: (client) => {
        const flow = new InboundFlow(client, (packet) => this.#arrive(packet, flow));
        this.#flow = flow;
        this.#origin = { name, session: this.#session, flow, tell: this.#around.tell };
      },
    };
  }

  /** Subscribes, unless the session that the server kept has the subscription. */
  async #takeUp(connection: Connection, signal: AbortSignal): Promise<void> {
    const { name } = this.#request;
    if (connection.connack.sessionPresent && this.#subscribed)
      return this.#request.group === undefined ? undefined : this.#renew(connection);
    if (this.#subscribed) {
      this.#subscribed = false;
      this.#session++;
      if (this.#origin !== undefined) this.#origin = { ...this.#origin, session: this.#session };
      const reason = `The server ${connection.server} did not keep the session; what was published meanwhile may be missed.`;
      this.#around.tell({ type: "position-lost", name, reason });
    }
    await this.#subscribe(connection, signal);
    this.#subscribed = true;
  }

  /**
   * Subscribes once more to what the session should have: after its restart mosquitto (2.0.11) says that it kept a session, and has forgotten
   * the shared subscription in it. Where it is still there nothing changes.
   */
  #renew({ client, server }: Connection): Promise<void> {
    const { filter: topic } = this.#request;
    return new Promise((resolve, reject) => {
      // The answer comes behind the session's own messages, and those may have to wait until handlers are done.
      const timer = setTimeout(resolve, renewedWithinMs);
      client.subscribe(this.#filter, this.#subscription(1), (error) => {
        clearTimeout(timer);
        if (error === null) return resolve();
        reject(classify(error, { operation: "subscribe", server, topic }));
        client.stream.destroy();
      });
    });
  }

  #idleMember({ client }: Connection): IdleMember | undefined {
    if (this.#request.group === undefined || !this.#around.leavesMembersIdle()) return undefined;
    return new IdleMember(client, () => {
      if (!this.#stopped && client.connected) client.subscribe(this.#filter, this.#subscription(2), () => {});
    });
  }

  /** What SUBSCRIBE asks for; `rh` says when it wants what is kept (MQTT 5.0 §3.8.3.1). */
  #subscription(rh: 0 | 1 | 2): IClientSubscribeOptions {
    const { protocolVersion, retainAsPublished: rap } = this.#around.settings;
    const qos = this.#quality();
    return protocolVersion === 4 ? { qos } : { qos, rh, rap };
  }

  /** Nothing of QoS 0 is kept for a subscriber that is away. */
  #quality(): 0 | 1 | 2 {
    if (this.#acknowledges) return this.#around.settings.qos;
    return this.#request.durable ? 1 : 0;
  }

  async #subscribe({ client, server }: Connection, signal: AbortSignal): Promise<void> {
    const { filter: topic } = this.#request;
    const asked = this.#quality();
    const granted = await new Promise<number | undefined>((resolve, reject) => {
      const context = { operation: "subscribe", server, topic } as const;
      // A server that answers pings but not this would be waited for without end.
      const timer = setTimeout(() => client.stream.destroy(), this.#around.settings.connectTimeoutMs);
      const abort = (): void => void client.stream.destroy();
      signal.addEventListener("abort", abort, { once: true });
      const { lastValues } = this.#around.settings;
      client.subscribe(this.#filter, this.#subscription(retainHandling[lastValues]), (error, grants, packet) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
        if (signal.aborted) return reject(signal.reason as Error);
        const refusal = packet?.granted.find((code) => Number(code) >= 0x80);
        if (error !== null)
          reject(classify(refusal === undefined ? error : { code: refusal, message: error.message }, context));
        else resolve(grants?.[0]?.qos);
      });
    });
    if (granted === asked) return;
    const { weakerQos } = this.#around.settings;
    if (weakerQos === "accept" && granted !== undefined && granted < asked) {
      this.#around.warnOfWeaker(
        `${server} grants QoS ${granted} to the subscription to "${topic}", which asks for QoS ${asked}${granted === 0 ? ": its messages may be lost" : ""}.`,
      );
      return;
    }
    const message = `Subscribing to "${topic}" at ${server} failed: it grants QoS ${granted}, and ${this.#request.delivery} needs QoS ${asked}; native.weakerQos "accept" would take it.`;
    throw new RefusedError(message, { broker: "mqtt", topic });
  }

  /**
   * Whatever arrives after `stop` is left unacknowledged, for the session to deliver again; so is what mqtt.js had read and not yet handed
   * over when the connection was lost, or it would be handled ahead of what comes again before it.
   */
  #arrive(packet: IPublishPacket, flow: InboundFlow): void {
    const origin = this.#origin;
    if (origin === undefined || (flow !== this.#flow && packet.qos > 0)) return;
    if (this.#early !== undefined && packet.qos > 0) return void this.#early++;
    const local = this.#around.origin !== undefined && isFrom(this.#around.origin, packet);
    // One's own is not left to who comes next, who would take it for somebody else's.
    if (this.#stopped && !local) return;
    this.#idle?.arrived();
    const { messageId, qos } = packet;
    const nobodys = local || isReservedFor(this.#request.filter, packet.topic);
    const acknowledged = qos > 0 && messageId !== undefined;
    // At most once is acknowledged before it is handled; what is the bus's own is nobody's to handle, nor what is local.
    if (acknowledged && (nobodys || !this.#acknowledges))
      origin.flow.acknowledge({ messageId, qos: qos === 2 ? 2 : 1, unwritten: () => {} });
    if (nobodys) return;
    const record = toRecord(packet, this.#around.settings.envelope);
    this.#handOut.offer(
      acknowledged && this.#acknowledges
        ? new AcknowledgedArrival(record, packet, messageId, origin)
        : new UnacknowledgedArrival(record),
    );
  }

  #lost(error: BusError, connection: Connection): void {
    this.#flow = undefined;
    // What needs no acknowledgement is not delivered again either, so it stays what it is.
    if (this.#acknowledges) this.#handOut.endGeneration();
    if (this.#stopped) this.#link.end(error);
    const lived = performance.now() - connection.since;
    this.#briefly = lived < settledAfterMs ? connection.since : undefined;
    this.#around.tell({ type: "subscription", name: this.#request.name, connected: false, error });
  }

  /**
   * Throws when the connections of this client id end one after the other as soon as they are there, while the publishing connection
   * lives on: a server need not tell the one whose place was taken. Asked when a little time has passed since the loss, so
   * that a cut of all connections is seen as one.
   */
  #assertNotTakenOver(): void {
    const since = this.#briefly;
    this.#briefly = undefined;
    const publishingSince = this.#around.publishingSince();
    const alone = since !== undefined && publishingSince !== undefined && publishingSince <= since;
    this.#shortLived = alone ? this.#shortLived + 1 : 0;
    if (this.#shortLived < takeovers) return;
    throw new RefusedError(
      `The subscription to "${this.#request.filter}" was thrown out ${takeovers} times right after it had connected: another process uses ` +
        `the client id "${clientIdOf(this.#request)}". Give each process an instance name of its own.`,
      { code: "BUSBAR_INSTANCE_IN_USE", broker: "mqtt", topic: this.#request.filter },
    );
  }

  #fatal(error: BusError): void {
    this.#around.onGone();
    this.#around.tell({ type: "fatal", error, name: this.#request.name });
  }

  #tellDropped(): void {
    const count = this.#dropped;
    this.#dropped = 0;
    this.#around.tell({ type: "dropped", name: this.#request.name, count });
  }
}
