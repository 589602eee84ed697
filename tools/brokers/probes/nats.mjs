import { firstAnswer } from "./probe.mjs";

/** @import { Probe } from "./probe.mjs" */

/**
 * Ready means: the server greeted with an `INFO` line that offers JetStream.
 *
 * @type {Probe}
 */
export function natsInformsOfJetStream({ url }) {
  return firstAnswer({
    // NATS begins in plain text even where TLS follows.
    url: new URL(`nats://${url.host}`),
    defaultPort: 4222,
    read(received) {
      const line = received.toString("utf8");
      if (!line.includes("\r\n")) {
        return undefined;
      }
      if (!line.startsWith("INFO ")) {
        throw new Error("the server does not greet with INFO");
      }
      const info = JSON.parse(line.slice(5, line.indexOf("\r\n")));
      if (info.jetstream !== true) {
        throw new Error("the server runs without JetStream");
      }
      return { version: String(info.version) };
    },
  });
}
