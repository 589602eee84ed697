import type { TcpProxy } from "@busbar/testing";
import { createClient } from "@redis/client";
import { afterwards } from "../../../integration/support/cleanups.ts";
import { proxiedWay } from "../../../integration/support/proxied.ts";
import { watched } from "../../../integration/support/statuses.ts";
import type { Told } from "../../../integration/support/statuses.ts";
import type { RedisClient } from "../src/link.ts";
import { RedisBroker } from "../src/redis-broker.ts";
import type { RedisOptions } from "../src/options.ts";
import { brokerUrl } from "./broker-url.ts";

export { afterwards };
export { acknowledging, Inbox, textOf } from "../../../integration/support/inbox.ts";
export { record, request, unique } from "../../../integration/support/records.ts";
export { errorOf } from "../../../integration/support/rejections.ts";
export { nextStatus, statusOf } from "../../../integration/support/statuses.ts";

/** The URL of the broker; only to be used in tests that are skipped without one. */
export function url(): string {
  if (brokerUrl === undefined) throw new Error("There is no Redis to test against.");
  return brokerUrl;
}

/** A broker of ours that is closed after the test, and a record of its statuses. */
export function newBroker(options: Partial<RedisOptions> = {}): Told<RedisBroker> {
  return watched(new RedisBroker({ ...options, url: options.url ?? url() }));
}

/** Such a broker, opened. */
export async function openBroker(options: Partial<RedisOptions> = {}): Promise<Told<RedisBroker>> {
  const broker = newBroker(options);
  await broker.open();
  return broker;
}

/** A proxy in front of the broker, and the URL that leads through it. */
export function proxied(): Promise<{ readonly proxy: TcpProxy; readonly url: string }> {
  return proxiedWay(url());
}

/** A plain client, as somebody else would use it. */
export async function foreignClient(address: string = url()): Promise<RedisClient> {
  const client = createClient({ url: address, RESP: 2 }) as unknown as RedisClient;
  client.on("error", () => undefined);
  await client.connect();
  afterwards(() => client.destroy());
  return client;
}
