import { amqpLanguage } from "./amqp-language.ts";
import type { Language } from "./exchanges.ts";
import { kafkaLanguage } from "./kafka-language.ts";
import { mqttLanguage } from "./mqtt-language.ts";
import { natsLanguage } from "./nats-language.ts";
import type { RecordedServer } from "./recorded-servers.ts";
import { redisLanguage } from "./redis-language.ts";
import { overWebSocket } from "./web-socket-language.ts";

/** What is known of each protocol, whose clients ask in another order, or by other names, each time. */
export const languages: Readonly<Record<RecordedServer["protocol"], Language>> = {
  mqtt: mqttLanguage,
  ws: overWebSocket(mqttLanguage),
  amqp: amqpLanguage,
  nats: natsLanguage,
  kafka: kafkaLanguage,
  "kafka-platformatic": kafkaLanguage,
  redis: redisLanguage,
};
