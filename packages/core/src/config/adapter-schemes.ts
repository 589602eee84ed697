/** The package that brings the adapter of a URL scheme. What is in memory comes with core. */
const packages: Readonly<Record<string, string>> = {
  mqtt: "@busbar/mqtt",
  mqtts: "@busbar/mqtt",
  ws: "@busbar/mqtt",
  wss: "@busbar/mqtt",
  amqp: "@busbar/amqp",
  amqps: "@busbar/amqp",
  kafka: "@busbar/kafka",
  kafkas: "@busbar/kafka",
  nats: "@busbar/nats",
  natss: "@busbar/nats",
  redis: "@busbar/redis",
  rediss: "@busbar/redis",
  memory: "memory",
};

/** The schemes whose adapter is known without being named. */
export const knownSchemes: readonly string[] = Object.keys(packages);

/** The package for a scheme; `"memory"` for core's own; `undefined` for a scheme that nobody knows. */
export function packageOf(scheme: string): string | undefined {
  return Object.hasOwn(packages, scheme) ? packages[scheme] : undefined;
}
