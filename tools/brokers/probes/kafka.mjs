import { firstAnswer } from "./probe.mjs";

/** @import { Probe } from "./probe.mjs" */

const apiVersions = 18;
const metadata = 3;

/**
 * Ready means: ApiVersions is answered without an error, and then Metadata names at least one broker and a controller.
 * Where clients must authenticate, only ApiVersions is asked: it is the one request that is allowed before.
 *
 * @type {Probe}
 */
export function kafkaHasBroker({ url, credentials }) {
  let asked = apiVersions;
  return firstAnswer({
    url: new URL(`kafka://${url.host.split(",")[0]}`),
    defaultPort: 9092,
    greeting: request(apiVersions, 0),
    read(received, reply) {
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) {
        return undefined;
      }
      const body = received.subarray(8);
      if (asked === apiVersions) {
        const code = body.readInt16BE(0);
        if (code !== 0) {
          throw new Error(`Kafka answered ApiVersions with error code ${code}`);
        }
        if (credentials !== undefined || url.username !== "") {
          return {};
        }
        asked = metadata;
        // Version 1 with an empty list of topics: brokers and controller only.
        reply(request(metadata, 1, Buffer.of(0, 0, 0, 0)));
        return undefined;
      }
      const { brokers, controller } = clusterOf(body);
      if (brokers === 0 || controller < 0) {
        throw new Error(`Kafka knows ${brokers} brokers and ${controller < 0 ? "no" : "a"} controller`);
      }
      return {};
    },
  });
}

/**
 * @param {number} key
 * @param {number} version
 * @param {Uint8Array} [body]
 */
function request(key, version, body = Buffer.alloc(0)) {
  const client = Buffer.from("busbar-probe");
  const message = Buffer.alloc(14 + client.length);
  message.writeInt32BE(10 + client.length + body.length, 0);
  message.writeInt16BE(key, 4);
  message.writeInt16BE(version, 6);
  message.writeInt32BE(key, 8);
  message.writeInt16BE(client.length, 12);
  client.copy(message, 14);
  return Buffer.concat([message, body]);
}

/** @param {Buffer} body */
function clusterOf(body) {
  const brokers = body.readInt32BE(0);
  let offset = 4;
  for (let index = 0; index < brokers; index += 1) {
    offset += 4;
    offset += 2 + body.readInt16BE(offset);
    offset += 4;
    offset += 2 + Math.max(0, body.readInt16BE(offset));
  }
  return { brokers, controller: body.readInt32BE(offset) };
}
