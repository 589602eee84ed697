import { randomUUID } from "node:crypto";
import type { BrokerStatus, Delivery, OutboundRecord, SubscribeRequest } from "@busbar/core/contract";
import { createClient } from "@redis/client";
import { afterEach } from "vitest";
import type { RedisClient } from "../src/link.ts";
import { RedisBroker } from "../src/redis-broker.ts";
import type { RedisOptions } from "../src/options.ts";
import { brokerUrl } from "./broker-url.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Has something undone after the test, the latest first. */
export function afterwards(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

/** The URL of the broker; only to be used in tests that are skipped without one. */
export function url(): string {
  if (brokerUrl === undefined) throw new Error("There is no Redis to test against.");
  return brokerUrl;
}

/** A broker of ours that is closed after the test, and a record of its statuses. */
export function newBroker(options: Partial<RedisOptions> = {}): RedisBroker & { readonly told: BrokerStatus[] } {
  const broker = new RedisBroker({ ...options, url: options.url ?? url() });
  const told: BrokerStatus[] = [];
  broker.onStatus((status) => told.push(status));
  afterwards(() => broker.close());
  return Object.assign(broker, { told });
}

/** Such a broker, opened. */
export async function openBroker(
  options: Partial<RedisOptions> = {},
): Promise<RedisBroker & { readonly told: BrokerStatus[] }> {
  const broker = newBroker(options);
  await broker.open();
  return broker;
}

/** A proxy in front of the broker, and the URL that leads through it. */
export async function proxied(): Promise<{ readonly proxy: TcpProxy; readonly url: string }> {
  const target = new URL(url());
  const proxy = await TcpProxy.start(Number(target.port));
  afterwards(() => proxy.close());
  target.port = String(proxy.port);
  return { proxy, url: target.href };
}

/** A plain client, as somebody else would use it. */
export async function foreignClient(address: string = url()): Promise<RedisClient> {
  const client = createClient({ url: address, RESP: 2 }) as unknown as RedisClient;
  client.on("error", () => undefined);
  await client.connect();
  afterwards(() => client.destroy());
  return client;
}

/** A text that no other test uses. */
export function unique(prefix = "t"): string {
  return `${prefix}${randomUUID().replaceAll("-", "").slice(0, 12)}`;
}

export function record(
  address: string,
  body: string | Uint8Array = "",
  changes: Partial<OutboundRecord> = {},
): OutboundRecord {
  return {
    address,
    topic: address,
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
    headers: {},
    id: randomUUID(),
    timestamp: 1_700_000_000_123,
    contentType: "application/json",
    delivery: "at-least-once",
    sending: 1,
    publishToken: randomUUID(),
    ...changes,
  };
}

export function request(filter: string, changes: Partial<SubscribeRequest> = {}): SubscribeRequest {
  const name = unique("busbar-test-");
  return {
    filter,
    name,
    member: "test-0",
    durable: changes.group !== undefined,
    delivery: "at-least-once",
    startFrom: "new",
    maxInFlight: 256,
    graceMs: 60_000,
    ...changes,
  };
}

/** Collects deliveries and waits for them. */
export class Inbox {
  readonly deliveries: Delivery[] = [];
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  readonly #onDelivery: ((delivery: Delivery) => void) | undefined;

  constructor(onDelivery?: (delivery: Delivery) => void) {
    this.#onDelivery = onDelivery;
  }

  readonly sink = (delivery: Delivery): void => {
    this.deliveries.push(delivery);
    this.#onDelivery?.(delivery);
    for (const waiting of this.#waiting) if (this.deliveries.length >= waiting.count) waiting.resolve();
  };

  /** Resolves with what came once there are `count` of them. */
  async received(count: number): Promise<readonly Delivery[]> {
    if (this.deliveries.length < count) await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    return this.deliveries;
  }

  get texts(): string[] {
    return this.deliveries.map(textOf);
  }
}

/** An inbox that acknowledges everything at once. */
export function acknowledging(): Inbox {
  return new Inbox((delivery) => delivery.settle("ack"));
}

export function textOf(delivery: Delivery): string {
  return new TextDecoder().decode(delivery.record.body);
}

/** Resolves with the first status that fits, past or to come. */
export function statusOf<T extends BrokerStatus["type"]>(
  broker: RedisBroker & { readonly told: BrokerStatus[] },
  type: T,
  fits: (status: Extract<BrokerStatus, { type: T }>) => boolean = () => true,
): Promise<Extract<BrokerStatus, { type: T }>> {
  type Wanted = Extract<BrokerStatus, { type: T }>;
  const isIt = (status: BrokerStatus): status is Wanted => status.type === type && fits(status as Wanted);
  const past = broker.told.find(isIt);
  if (past !== undefined) return Promise.resolve(past);
  return new Promise((resolve) => {
    const end = broker.onStatus((status) => {
      if (!isIt(status)) return;
      end();
      resolve(status);
    });
  });
}

/** Resolves at the next status of this type. */
export function next(broker: RedisBroker, type: BrokerStatus["type"]): Promise<void> {
  return new Promise((resolve) => {
    const end = broker.onStatus((status) => {
      if (status.type !== type) return;
      end();
      resolve();
    });
  });
}

/** The error that a promise rejects with. */
export async function errorOf(
  promise: Promise<unknown>,
): Promise<Error & { readonly code?: string; readonly retryable?: boolean }> {
  return promise.then(
    () => {
      throw new Error("It was expected to reject, and resolved.");
    },
    (error: unknown) => error as Error & { readonly code?: string; readonly retryable?: boolean },
  );
}
