import { describe } from "vitest";

/** A broker that the same tests run on. */
export interface TestBroker {
  /** The adapter's name. */
  readonly name: "memory" | "mqtt" | "amqp" | "nats" | "kafka" | "redis";
  /** Absent: there is none to test against. */
  readonly url: string | undefined;
  /** The variable that says where it is. */
  readonly variable: string;
}

const fromEnvironment = (name: TestBroker["name"], variable: string): TestBroker => ({
  name,
  url: process.env[variable] || undefined,
  variable,
});

const mqtt = fromEnvironment("mqtt", "BUSBAR_TEST_MOSQUITTO_URL");
const amqp = fromEnvironment("amqp", "BUSBAR_TEST_RABBITMQ_URL");
const nats = fromEnvironment("nats", "BUSBAR_TEST_NATS_URL");
const kafka = fromEnvironment("kafka", "BUSBAR_TEST_KAFKA_URL");
const redis = fromEnvironment("redis", "BUSBAR_TEST_REDIS_URL");

/** The brokers that run as programs of their own, and that a service moves between. */
export const realBrokers: readonly TestBroker[] = [mqtt, amqp, nats, kafka];

/** All that run as programs of their own. */
export const everyRealBroker: readonly TestBroker[] = [...realBrokers, redis];

/** Those whose clients stay on the address that they were given, so that a proxy may be there. */
export const brokersOverProxies: readonly TestBroker[] = [mqtt, amqp, nats, redis];

/** Those that count how often they deliver a message, and keep it while its process is dead. */
export const countingBrokers: readonly TestBroker[] = [amqp, nats, redis];

/** Every broker that a service moves between, and the one in memory. */
export const allBrokers: readonly TestBroker[] = [
  { name: "memory", url: "memory://integration", variable: "" },
  ...realBrokers,
];

/** Describes the same promises once for each broker; skipped, with a printed reason, where there is none. */
export function describeOn(
  brokers: readonly TestBroker[],
  name: string,
  suite: (broker: { readonly name: TestBroker["name"]; readonly url: string }) => void,
): void {
  for (const { name: broker, url, variable } of brokers) {
    const needs = url === undefined ? ` (needs ${variable})` : "";
    if (needs !== "") console.warn(`Skipped: ${name} on ${broker}, for ${variable} is not set.`);
    describe.skipIf(needs !== "")(`${name} on ${broker}${needs}`, () => suite({ name: broker, url: url ?? "" }));
  }
}
