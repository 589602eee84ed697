import { brokerModule } from "@busbar/core/di";
import type { ContainerModule } from "inversify";
import { mqtt } from "./index.ts";
import type { MqttOptions } from "./index.ts";

/**
 * Binds MQTT to an inversify container, for the bus of that container: `container.load(mqttModule({ url: "mqtt://127.0.0.1:1883" }),
 * busModule())`. Nothing is opened yet.
 *
 * @param name Of the broker, as routes, options and `BROKER` say it.
 * @throws ConfigError that lists everything wrong with the options.
 */
export function mqttModule(options: MqttOptions, name = "main"): ContainerModule {
  return brokerModule(mqtt(options), name);
}
