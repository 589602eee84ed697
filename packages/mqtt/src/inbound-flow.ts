import { ConnectionError, oncePerTurn } from "@busbar/core/driver";
import type { IPublishPacket, MqttClient, Packet } from "mqtt";

/** A message whose acknowledgement is wanted. */
export interface Acknowledgeable {
  /** The packet identifier of its PUBLISH on this connection. */
  readonly messageId: number;
  /** Of that PUBLISH. */
  readonly qos: 1 | 2;
  /** Called instead of an acknowledgement that cannot be written any more. Must not throw. */
  unwritten(error: Error): void;
}

/** Given to mqtt.js in place of success, so that it goes on to the next packet without acknowledging this one. */
const notYet = new Error("Acknowledged later, by the subscriber.");

/** One that mqtt.js takes for an answer to a message of QoS 2. */
const anyCode = 0x10;

const flushTimeoutMs = 2000;

/**
 * What arrives on the connection of one subscription, and the acknowledgements that go back. mqtt.js acknowledges a message as soon
 * as it is read, and reads one after the other; here it is acknowledged when it was handled, in any order, and all of
 * one turn of the event loop in one write. While nothing more can be taken the reading stops, and with it the socket.
 *
 * A message of QoS 2 is handed over with its PUBLISH, and PUBREC waits for the handler like PUBACK: what PUBREC was not sent for the server delivers again.
 *
 * This is the only place that uses what mqtt.js keeps private: `_sendPacket`, to write a PUBACK or PUBREC, and to keep mqtt.js from writing a PUBREC.
 */
export class InboundFlow {
  readonly #client: MqttClient;
  readonly #send: (packet: { cmd: "puback" | "pubrec"; messageId: number; reasonCode: 0 }) => void;
  readonly #writeSoon: () => void = oncePerTurn(() => this.#write());
  #acknowledgements: Acknowledgeable[] = [];
  #held = false;
  #heldSinceTick = false;
  #goOn: (() => void) | undefined;

  /** Attaches to a client that is not connected yet. `onMessage` must not throw. */
  constructor(client: MqttClient, onMessage: (packet: IPublishPacket) => void) {
    this.#client = client;
    this.#send = client["_sendPacket"].bind(client);
    const handOver = (packet: IPublishPacket, goOn: () => void): void => {
      onMessage(packet);
      if (this.#held) this.#goOn = goOn;
      else goOn();
    };
    client.handleMessage = (packet, done) => handOver(packet, () => done(notYet));
    // A code makes mqtt.js answer at once instead of keeping the message until PUBREL, and the answer goes no further than the next lines.
    client.options.customHandleAcks = (_topic, _payload, packet, goOn) => {
      if (packet.qos === 2) handOver(packet, () => goOn(anyCode));
      else goOn(0);
    };
    const send = client["_sendPacket"].bind(client);
    client["_sendPacket"] = (packet: Packet, written?: () => void, ...rest: unknown[]): unknown => {
      if (packet.cmd !== "pubrec") return send(packet, written, ...rest);
      return written?.();
    };
    client.once("connect", () => this.#keepAlive());
  }

  /** Stops reading at the next message, or goes on. */
  hold(held: boolean): void {
    this.#held = held;
    if (held) {
      this.#heldSinceTick = true;
      return;
    }
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn?.();
  }

  /** Acknowledges a message, in this turn of the event loop. Never throws. */
  acknowledge(message: Acknowledgeable): void {
    this.#acknowledgements.push(message);
    this.#writeSoon();
  }

  /**
   * Resolves once every acknowledgement so far was taken by the server: it answers packets in order, so the answer to a ping comes
   * after them. While reading is stopped there is no answer, and written has to do. Never rejects; at most two seconds.
   *
   * @returns Whether there was an answer.
   */
  flush(): Promise<boolean> {
    this.#write();
    const client = this.#client;
    if (!client.connected) return Promise.resolve(false);
    return new Promise((resolve) => {
      const onPacket = (packet: { cmd?: string }): void => {
        if (packet.cmd === "pingresp") done(true);
      };
      const onClose = (): void => done(false);
      const done = (answered: boolean): void => {
        clearTimeout(timer);
        client.off("packetreceive", onPacket);
        client.off("close", onClose);
        resolve(answered);
      };
      const timer = setTimeout(() => done(false), this.#goOn === undefined ? flushTimeoutMs : 0);
      client.on("packetreceive", onPacket);
      client.once("close", onClose);
      client.sendPing();
    });
  }

  #write(): void {
    const acknowledgements = this.#acknowledgements;
    if (acknowledgements.length === 0) return;
    this.#acknowledgements = [];
    const { connected } = this.#client;
    for (const message of acknowledgements) {
      const { messageId, qos } = message;
      if (connected) this.#send({ cmd: qos === 2 ? "pubrec" : "puback", messageId, reasonCode: 0 });
      else
        message.unwritten(
          new ConnectionError("The connection was lost before the acknowledgement was written.", { broker: "mqtt" }),
        );
    }
  }

  /**
   * While reading is stopped the answers to pings are not read either, and mqtt.js would take the connection for dead. The server
   * still needs the pings, and a connection that is really gone fails on writing them.
   */
  #keepAlive(): void {
    const client = this.#client;
    const timer = setInterval(() => {
      if (!this.#heldSinceTick) return;
      this.#heldSinceTick = this.#held;
      client.sendPing();
      client.reschedulePing(true);
    }, client.keepalive * 500);
    // A browser's timer is a number, which keeps nothing alive.
    if (typeof timer === "object") timer.unref();
    client.once("close", () => clearInterval(timer));
  }
}
