import { startInstance } from "../tools/brokers/index.mjs";
import type { BrokerInstance } from "../tools/brokers/broker-instance.mjs";

/** Which of the development brokers speaks the protocol. */
const kinds: Readonly<Record<string, string>> = {
  mqtt: "mosquitto",
  amqp: "rabbitmq",
  nats: "nats",
  kafka: "kafka",
  redis: "redis",
};

/** What can be measured against a broker, in the order of a run on all. */
export const protocols: readonly string[] = Object.keys(kinds);

/** Starts a private broker that speaks the protocol; resolves when it answers. Its `destroy` leaves nothing behind. */
export function startBroker(on: string, log: (line: string) => void): Promise<BrokerInstance> {
  return startInstance(kinds[on] ?? on, { label: "bench", log });
}
