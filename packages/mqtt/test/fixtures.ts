import type { SubscribeRequest } from "@busbar/core/contract";
import { mqtt } from "@busbar/mqtt";
import type { MqttBroker, MqttOptions } from "@busbar/mqtt";
import { connectAsync } from "mqtt";
import type { IClientOptions, MqttClient } from "mqtt";
import { acknowledging } from "../../../integration/support/inbox.ts";
import { record as outbound, request as ownRequest, unique } from "../../../integration/support/records.ts";

export { acknowledging, Inbox } from "../../../integration/support/inbox.ts";
export { record as outbound, unique } from "../../../integration/support/records.ts";
export { nextStatus as status } from "../../../integration/support/statuses.ts";

/** A request for a subscription that is neither durable nor grouped, unless told so. */
export function request(filter: string, changes: Partial<SubscribeRequest> = {}): SubscribeRequest {
  return ownRequest(filter, { member: "service-0", durable: false, ...changes });
}

export function text(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}

/** Opens brokers for one test, and closes all of them after it. */
export class Brokers {
  readonly #url: string;
  readonly #open: MqttBroker[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  /** A broker that is not open yet. */
  make(options: Partial<MqttOptions> = {}): MqttBroker {
    const made = mqtt({ url: this.#url, ...options });
    this.#open.push(made);
    return made;
  }

  async open(options: Partial<MqttOptions> = {}): Promise<MqttBroker> {
    const made = this.make(options);
    await made.open();
    return made;
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((made) => made.close()));
  }
}

/** What a subscription of this broker gets of one message that the same broker publishes. */
export async function carried(broker: MqttBroker, body: string): Promise<readonly string[]> {
  const [topic, inbox] = [unique(), acknowledging()];
  await broker.subscribe(request(topic), inbox.sink);
  await broker.publish(outbound(topic, body));
  await inbox.received(1);
  return inbox.texts;
}

/**
 * Resolves once mqtt.js has given up a connection with a keepalive of one second because it stopped reading just after this was called: by then it has given
 * up every one that had stopped before and was not looked after.
 */
export async function lostForNotReading(url: string): Promise<void> {
  const client = await foreign(url, { keepalive: 1 });
  const topic = unique();
  // Never says that it is done.
  client.handleMessage = () => {};
  client.on("error", () => {});
  const lost = new Promise<void>((resolve) => client.once("close", resolve));
  await client.subscribeAsync(topic, { qos: 0 });
  client.publish(topic, "the last that is read");
  await lost;
  await client.endAsync(true);
}

/** A foreign client, connected. End it with `endAsync`. */
export async function foreign(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  return connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, ...options });
}
