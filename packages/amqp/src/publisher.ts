import type { EffectiveCapabilities, OutboundRecord, Receipt } from "@busbar/core/contract";
import type { BusError, StatusHub } from "@busbar/core/driver";
import { ConnectionError, RefusedError, rejected } from "@busbar/core/driver";
import { effectiveCapabilities } from "./capabilities.ts";
import { maxBodyBytesIn } from "./classify.ts";
import type { Connection } from "./connection.ts";
import type { Link } from "./dial.ts";
import { isConfirmed, propertiesOf } from "./from-record.ts";
import { keepAttached } from "./keep-attached.ts";
import type { Attached } from "./keep-attached.ts";
import type { AmqpSettings } from "./options.ts";
import { PublishChannel } from "./publish-channel.ts";
import { routingKeyOf } from "./topic.ts";
import { ensureExchange } from "./topology.ts";

/** Publishes over one connection, and keeps the channels for it open: it tells `connected` and `disconnected`. */
export class Publisher {
  readonly #settings: AmqpSettings;
  readonly #connection: Connection;
  readonly #statuses: StatusHub;
  readonly #ending = new AbortController();
  #channel: PublishChannel | undefined;
  #effective: EffectiveCapabilities | undefined;
  #maxBodyBytes: number | undefined;
  #fatal: BusError | undefined;

  constructor(settings: AmqpSettings, connection: Connection, statuses: StatusHub) {
    this.#settings = settings;
    this.#connection = connection;
    this.#statuses = statuses;
  }

  /** Opens the channels on a connection that is open, and keeps them open from then on. */
  async open(): Promise<EffectiveCapabilities> {
    await keepAttached(
      this.#connection,
      {
        what: "Opening the channels for publishing failed",
        attach: (link) => this.#attach(link),
        onLost: (error) => this.#statuses.emit({ type: "disconnected", error }),
        onBack: () => this.#statuses.emit({ type: "connected", effective: this.#effective as EffectiveCapabilities }),
        onFatal: (error) => {
          this.#fatal = error;
          this.#statuses.emit({ type: "fatal", error });
        },
      },
      this.#ending.signal,
    );
    return this.#effective as EffectiveCapabilities;
  }

  /** `Broker.publish`, but for the signal. Sends before it returns, so that the order of calls is the order on the wire. */
  publish(record: OutboundRecord): Promise<Receipt> {
    try {
      const properties = propertiesOf(record);
      const channel = this.#ready(record);
      const { exchange } = this.#settings;
      return isConfirmed(record)
        ? channel.confirmed(exchange, routingKeyOf(record.address), record, properties)
        : channel.written(exchange, routingKeyOf(record.address), record, properties);
    } catch (error) {
      return rejected(error);
    }
  }

  /** Publishes straight into a queue, through the default exchange, persistent and confirmed. `routed` is false when there is no such queue. */
  async publishToQueue(queue: string, record: OutboundRecord, slot: string): Promise<Receipt> {
    const properties = propertiesOf(record, slot);
    return this.#ready(record).confirmed("", queue, record, { ...properties, persistent: true, mandatory: true });
  }

  /** Resolves once nothing is unconfirmed. */
  async idle(): Promise<void> {
    await this.#channel?.idle();
  }

  /** Ends the upkeep. The channels end with the connection. */
  end(): void {
    this.#ending.abort();
  }

  async #attach(link: Link): Promise<Attached> {
    await ensureExchange(link, this.#settings);
    const channel = await PublishChannel.open(link);
    this.#channel = channel;
    this.#effective = effectiveCapabilities(link.server, this.#settings, this.#maxBodyBytes);
    const end = channel.end.then(({ error, reason }) => {
      if (this.#channel === channel) this.#channel = undefined;
      this.#maxBodyBytes = maxBodyBytesIn(reason) ?? this.#maxBodyBytes;
      return error;
    });
    return { end };
  }

  #ready({ topic, body }: OutboundRecord): PublishChannel {
    if (this.#maxBodyBytes !== undefined && body.byteLength > this.#maxBodyBytes) {
      throw new RefusedError(
        `Publishing to "${topic}" failed: the body is ${body.byteLength} bytes long, and this RabbitMQ takes ${this.#maxBodyBytes} (max_message_size).`,
        { broker: "amqp", topic, code: "BUSBAR_TOO_LARGE" },
      );
    }
    const fatal = this.#fatal ?? this.#connection.fatal;
    if (fatal !== undefined) throw fatal;
    if (this.#channel !== undefined) return this.#channel;
    throw new ConnectionError(`Publishing to "${topic}" failed: there is no connection to RabbitMQ at the moment.`, {
      broker: "amqp",
      topic,
    });
  }
}
