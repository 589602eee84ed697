import { Kafka, logLevel } from "kafkajs";
import type { KafkaConfig, SASLOptions } from "kafkajs";
import type { KafkaSettings } from "../options.ts";
import type { Line } from "./line.ts";
import { quietQueues } from "./quiet-queue.ts";
import { openSocket } from "./socket.ts";

/** How often kafkajs itself tries again. Given always: its defaults depend on NODE_ENV. */
export interface Patience {
  readonly retries: number;
  readonly initialRetryTime: number;
  readonly maxRetryTime: number;
  readonly factor: number;
  readonly multiplier: number;
}

/** Tries each of the known brokers once. */
export function eachBrokerOnce(settings: KafkaSettings): Patience {
  return { retries: settings.brokers.length - 1, initialRetryTime: 20, maxRetryTime: 100, factor: 0.2, multiplier: 1 };
}

/** Waits out what passes within seconds: a coordinator that is being elected, members that join one after the other. */
export const untilSettled: Patience = {
  retries: 10,
  initialRetryTime: 100,
  maxRetryTime: 1_000,
  factor: 0.2,
  multiplier: 1.5,
};

/** Makes a kafkajs client that logs nothing. With a line its sockets are ours to watch and to end. */
export function kafkaOf(settings: KafkaSettings, patience: Patience, line?: Line): Kafka {
  quietQueues();
  const { native, tls } = settings;
  const sasl = saslOf(settings);
  const config: KafkaConfig = {
    clientId: settings.clientName,
    brokers: [...settings.brokers],
    connectionTimeout: settings.connectTimeoutMs,
    authenticationTimeout: settings.connectTimeoutMs,
    requestTimeout: native.requestTimeoutMs,
    enforceRequestTimeout: true,
    retry: { ...patience },
    logLevel: logLevel.NOTHING,
    logCreator: () => () => {},
    ...(settings.secure ? { ssl: { ...tls } } : {}),
    ...(sasl === undefined ? {} : { sasl }),
    socketFactory: line?.open ?? openSocket,
  };
  return new Kafka(config);
}

function saslOf({ username, password, token, native }: KafkaSettings): SASLOptions | undefined {
  if (token !== undefined)
    return { mechanism: "oauthbearer", oauthBearerProvider: () => Promise.resolve({ value: token }) };
  if (username === undefined || password === undefined) return undefined;
  return { mechanism: native.saslMechanism, username, password };
}
