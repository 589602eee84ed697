import { Kafka, logLevel } from "kafkajs";
import type { KafkaConfig, Mechanism, SASLOptions } from "kafkajs";
import { tokenMessage, tokenRefusal } from "../oauth-bearer.ts";
import type { KafkaSettings } from "../options.ts";
import type { Line } from "./line.ts";
import { quietQueues } from "./quiet-queue.ts";
import { registerCodecs } from "./registered-codecs.ts";
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
  registerCodecs();
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

function saslOf({ username, password, token, native }: KafkaSettings): SASLOptions | Mechanism | undefined {
  if (token !== undefined) return bearer(token);
  if (username === undefined || password === undefined) return undefined;
  return { mechanism: native.saslMechanism, username, password } as SASLOptions;
}

/** kafkajs's own takes the answer of a server that refuses a token for a success. */
function bearer(token: () => Promise<string>): Mechanism {
  return {
    mechanism: "oauthbearer",
    authenticationProvider: ({ saslAuthenticate }) => ({
      authenticate: async () => {
        const message = tokenMessage(await token());
        const refusal = await saslAuthenticate({
          request: { encode: () => sized(message) },
          response: { decode: (sizedAnswer) => sizedAnswer.subarray(4), parse: tokenRefusal },
        });
        if (refusal) throw refusal;
      },
    }),
  };
}

function sized(message: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(message.length);
  return Buffer.concat([size, message]);
}
