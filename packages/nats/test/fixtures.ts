import { jetstreamManager } from "@nats-io/jetstream";
import type { JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import type { TcpProxy } from "@busbar/testing";
import { afterwards } from "../../../integration/support/cleanups.ts";
import { proxiedWay } from "../../../integration/support/proxied.ts";
import { unique } from "../../../integration/support/records.ts";
import { watched } from "../../../integration/support/statuses.ts";
import type { Told } from "../../../integration/support/statuses.ts";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import { apiCodeOf, apiCodes } from "../src/classify.ts";
import { nats } from "../src/index.ts";
import type { NatsBroker, NatsOptions } from "../src/index.ts";
import { brokerUrl } from "./broker-url.ts";

export { afterwards, unique };
export { acknowledging, Inbox, textOf } from "../../../integration/support/inbox.ts";
export { record, request } from "../../../integration/support/records.ts";
export { errorOf } from "../../../integration/support/rejections.ts";
export { statusOf } from "../../../integration/support/statuses.ts";

/** The URL of the server; only to be used in tests that are skipped without one. */
export function url(): string {
  if (brokerUrl === undefined) throw new Error("There is no nats-server to test against.");
  return brokerUrl;
}

/** Whether a test may start a server of its own, to restart it or to configure it. */
export const canStart: boolean = brokerUrl !== undefined && (await canStartInstance("nats"));

/** A server of the test's own. */
export async function ownServer(settings: Record<string, unknown> = {}): ReturnType<typeof startInstance> {
  const instance = await startInstance("nats", { config: { settings } });
  afterwards(() => instance.destroy());
  return instance;
}

export type ToldBroker = Told<NatsBroker>;

/** A broker of ours that is closed after the test, and a record of its statuses. */
export function newBroker(options: Partial<NatsOptions> = {}): ToldBroker {
  return watched(nats({ ...options, url: options.url ?? url() }));
}

/** Such a broker, opened. */
export async function openBroker(options: Partial<NatsOptions> = {}): Promise<ToldBroker> {
  const broker = newBroker(options);
  await broker.open();
  return broker;
}

/** A proxy in front of the server, and the URL that leads through it. */
export function proxied(target: URL = new URL(url())): Promise<{ readonly proxy: TcpProxy; readonly url: string }> {
  return proxiedWay(target.href);
}

/** A plain client, as somebody else would use it. */
export async function foreignClient(servers = new URL(url()).host): Promise<NatsConnection> {
  const client = await connect({ servers });
  afterwards(() => client.close());
  return client;
}

/** JetStream's API, as the owner of the server would use it. */
export async function streamsOf(servers?: string): Promise<JetStreamManager> {
  return jetstreamManager(await foreignClient(servers));
}

/** A first token that no other test uses, whose streams are deleted after the test. */
export function ownToken(): string {
  const token = unique("t");
  afterwards(async () => {
    const api = await jetstreamManager(await foreignClient());
    for (const pattern of [token, `${token}.>`]) {
      for await (const name of api.streams.names(pattern)) await api.streams.delete(name).catch(unlessGone);
    }
  });
  return token;
}

/** The server may have listed a stream that was being deleted. */
function unlessGone(error: unknown): void {
  if (apiCodeOf(error) !== apiCodes.streamNotFound) throw error;
}
