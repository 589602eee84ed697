import type { Adapter } from "@busbar/core/contract";
import { declared } from "./capabilities.ts";
import { MqttBroker } from "./mqtt-broker.ts";
import { schemes } from "./options.ts";
import type { MqttOptions } from "./options.ts";

export { MqttBroker } from "./mqtt-broker.ts";
export type { MqttNativeClient } from "./mqtt-broker.ts";
export type { EnhancedAuthentication } from "./enhanced-authentication.ts";
export type { LastWill } from "./last-will.ts";
export type { MqttCapabilities } from "./capabilities.ts";
export type { MqttNativeOptions, MqttOptions } from "./options.ts";

/**
 * Makes a broker over MQTT 5, or 3.1.1 with `native.protocolVersion: 4`. Nothing is opened yet.
 *
 * @throws ConfigError that lists everything wrong with the options.
 */
export function mqtt(options: MqttOptions): MqttBroker {
  return new MqttBroker(options);
}

/** The adapter, as a configuration names it by `mqtt:`, `mqtts:`, `ws:` or `wss:`. */
export const adapter: Adapter = {
  name: "mqtt",
  schemes,
  declared,
  create: mqtt,
};
