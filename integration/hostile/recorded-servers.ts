/** A server of which a conversation is kept, by the name of its file. */
export interface RecordedServer {
  readonly name: string;
  /** What its protocol is called among those whose monsters are known. */
  readonly protocol: "mqtt" | "ws" | "amqp" | "nats" | "kafka" | "kafka-platformatic" | "redis";
  /** The broker, as on the command line of `npm run brokers`. */
  readonly broker: string;
  /** Which of its ways in, where it is not the main one. */
  readonly endpoint?: string;
  /** The scheme of its URL, without the colon, and the path. */
  readonly scheme: string;
  readonly path?: string;
  /** What the adapter is told beside the URL. */
  readonly native?: Readonly<Record<string, unknown>>;
}

const platformatic = { client: "platformatic" };

/** Every server, version, client and way in that is replayed. */
export const recordedServers: readonly RecordedServer[] = [
  { name: "mqtt", protocol: "mqtt", broker: "mosquitto", scheme: "mqtt" },
  {
    name: "mqtt-3.1.1",
    protocol: "mqtt",
    broker: "mosquitto",
    scheme: "mqtt",
    native: { protocolVersion: 4, envelope: true },
  },
  { name: "mqtt-websocket", protocol: "ws", broker: "mosquitto", endpoint: "ws", scheme: "ws", path: "/mqtt" },
  { name: "hivemq", protocol: "mqtt", broker: "hivemq", scheme: "mqtt" },
  { name: "amqp", protocol: "amqp", broker: "rabbitmq", scheme: "amqp" },
  { name: "nats", protocol: "nats", broker: "nats", scheme: "nats" },
  { name: "kafka", protocol: "kafka", broker: "kafka", scheme: "kafka" },
  {
    name: "kafka-platformatic",
    protocol: "kafka-platformatic",
    broker: "kafka",
    scheme: "kafka",
    native: platformatic,
  },
  { name: "kafka4", protocol: "kafka", broker: "kafka4", scheme: "kafka" },
  {
    name: "kafka4-platformatic",
    protocol: "kafka-platformatic",
    broker: "kafka4",
    scheme: "kafka",
    native: platformatic,
  },
  { name: "redis", protocol: "redis", broker: "redis", scheme: "redis" },
];
