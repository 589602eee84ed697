import type { TcpProxy } from "@busbar/testing";
import type { Logger } from "@busbar/core";
import { connect } from "amqplib";
import type { Channel, ChannelModel } from "amqplib";
import { describe } from "vitest";
import { afterwards } from "../../../integration/support/cleanups.ts";
import { proxiedWay } from "../../../integration/support/proxied.ts";
import { watched } from "../../../integration/support/statuses.ts";
import type { Told } from "../../../integration/support/statuses.ts";
import { AmqpBroker } from "../src/amqp-broker.ts";
import type { AmqpOptions } from "../src/options.ts";
import { brokerUrl } from "./broker-url.ts";

export { afterwards };
export { acknowledging, Inbox, textOf } from "../../../integration/support/inbox.ts";
export { record, request, unique } from "../../../integration/support/records.ts";
export { errorOf } from "../../../integration/support/rejections.ts";
export { spiedSockets } from "../../../integration/support/spied-sockets.ts";
export { nextStatus, statusOf } from "../../../integration/support/statuses.ts";

/** Describes what is tried on the broker; skipped without one. */
export function onRabbit(what: string, suite: () => void): void {
  describe.skipIf(brokerUrl === undefined)(`RabbitMQ: ${what}`, suite);
}

/** Logs nothing. */
export const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The URL of the broker; only to be used in tests that are skipped without one. */
export function url(): string {
  if (brokerUrl === undefined) throw new Error("There is no RabbitMQ to test against.");
  return brokerUrl;
}

/** A broker of ours that is closed after the test, and a record of its statuses. */
export function newBroker(options: Partial<AmqpOptions> = {}): Told<AmqpBroker> {
  return watched(new AmqpBroker({ ...options, url: options.url ?? url() }));
}

/** Such a broker, opened. */
export async function openBroker(options: Partial<AmqpOptions> = {}): Promise<Told<AmqpBroker>> {
  const broker = newBroker(options);
  await broker.open();
  return broker;
}

/** A proxy in front of the broker, and the URL that leads through it. */
export function proxied(): Promise<{ readonly proxy: TcpProxy; readonly url: string }> {
  return proxiedWay(url());
}

/** A plain channel of the client, as somebody else would use it. */
export async function foreignChannel(): Promise<Channel> {
  return (await foreignConnection()).createChannel();
}

export async function foreignConnection(): Promise<ChannelModel> {
  const model = await connect(url());
  model.on("error", () => undefined);
  afterwards(() => model.close().catch(() => undefined));
  return model;
}

/** Takes everything out of a queue. */
export async function drained(channel: Channel, queue: string): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const message = await channel.get(queue, { noAck: true });
    if (message === false) return texts;
    texts.push(message.content.toString());
  }
}
