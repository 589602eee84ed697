import { randomUUID } from "node:crypto";
import { jetstreamManager } from "@nats-io/jetstream";
import type { JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import type { BrokerStatus, Delivery, OutboundRecord, SubscribeRequest } from "@busbar/core/contract";
import { afterEach } from "vitest";
import { canStartInstance, startInstance } from "../../../tools/brokers/index.mjs";
import { nats } from "../src/index.ts";
import type { NatsBroker, NatsOptions } from "../src/index.ts";
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

export type ToldBroker = NatsBroker & { readonly told: BrokerStatus[] };

/** A broker of ours that is closed after the test, and a record of its statuses. */
export function newBroker(options: Partial<NatsOptions> = {}): ToldBroker {
  const broker = nats({ ...options, url: options.url ?? url() });
  const told: BrokerStatus[] = [];
  broker.onStatus((status) => told.push(status));
  afterwards(() => broker.close());
  return Object.assign(broker, { told });
}

/** Such a broker, opened. */
export async function openBroker(options: Partial<NatsOptions> = {}): Promise<ToldBroker> {
  const broker = newBroker(options);
  await broker.open();
  return broker;
}

/** A proxy in front of the server, and the URL that leads through it. */
export async function proxied(target = new URL(url())): Promise<{ readonly proxy: TcpProxy; readonly url: string }> {
  const proxy = await TcpProxy.start(Number(target.port));
  afterwards(() => proxy.close());
  return { proxy, url: `nats://127.0.0.1:${proxy.port}` };
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
      for await (const name of api.streams.names(pattern)) await api.streams.delete(name);
    }
  });
  return token;
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
  return {
    filter,
    name: unique("busbar-test-"),
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
  #waiting: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];
  readonly #onDelivery: ((delivery: Delivery) => void) | undefined;

  constructor(onDelivery?: (delivery: Delivery) => void) {
    this.#onDelivery = onDelivery;
  }

  readonly sink = (delivery: Delivery): void => {
    this.deliveries.push(delivery);
    this.#onDelivery?.(delivery);
    for (const waiting of this.#waiting) if (waiting.holds()) waiting.resolve();
  };

  /** Resolves with what came once there are `count` of them. */
  async received(count: number): Promise<readonly Delivery[]> {
    await this.until(() => this.deliveries.length >= count);
    return this.deliveries;
  }

  /** Resolves once the condition holds, which is looked at with each delivery. */
  async until(holds: () => boolean): Promise<void> {
    if (!holds()) await new Promise<void>((resolve) => this.#waiting.push({ holds, resolve }));
  }

  get texts(): string[] {
    return this.deliveries.map(textOf);
  }
}

/** An inbox that acknowledges everything at once. */
export function acknowledging(): Inbox {
  return new Inbox((delivery) => delivery.settle("ack"));
}

export function textOf({ record: { body } }: Delivery): string {
  return new TextDecoder().decode(body);
}

/** Resolves with the first status that fits, past or to come. */
export function statusOf<T extends BrokerStatus["type"]>(
  broker: ToldBroker,
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

export type SeenError = Error & { readonly code?: string; readonly retryable?: boolean };

/** The error that a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<SeenError> {
  return promise.then(
    () => {
      throw new Error("It was expected to reject, and resolved.");
    },
    (error: unknown) => error as SeenError,
  );
}
