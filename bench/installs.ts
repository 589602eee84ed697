import { join } from "node:path";
import { checkoutFolder } from "../tools/brokers/checkout.mjs";
import { installSize } from "./install-size.ts";
import type { Run } from "./run.ts";

/** The package of the client that an adapter, and so an expert, stands on. */
const clients: Readonly<Record<string, string>> = {
  mqtt: "mqtt",
  amqp: "amqplib",
  nats: "@nats-io/jetstream",
  kafka: "kafkajs",
  redis: "@redis/client",
};

/** What is installed for each protocol: its client alone, and the adapter with core and all that both need. */
export function installsOf(on: readonly string[]): NonNullable<Run["installs"]> {
  return Object.fromEntries(
    on.map((each) => [
      each,
      {
        client: installSize(join(checkoutFolder, "node_modules", clients[each] ?? each)),
        bus: installSize(join(checkoutFolder, "packages", each)),
      },
    ]),
  );
}
