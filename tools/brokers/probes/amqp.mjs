import { firstAnswer, isSecure } from "./probe.mjs";

/** @import { Probe } from "./probe.mjs" */

const methodFrame = 1;
const connectionStart = Buffer.of(0, 10, 0, 10);

/**
 * Ready means: the protocol header was answered by `Connection.Start` (AMQP 0-9-1, section 2.2.4), which also tells the version.
 *
 * @type {Probe}
 */
export function amqpStarts({ url }) {
  return firstAnswer({
    url,
    defaultPort: isSecure(url) ? 5671 : 5672,
    greeting: Buffer.from("AMQP\0\0\u0009\u0001", "latin1"),
    read(received) {
      if (received.length < 11) {
        return undefined;
      }
      if (received[0] !== methodFrame || !received.subarray(7, 11).equals(connectionStart)) {
        throw new Error("the answer to the AMQP header is no Connection.Start");
      }
      const frameEnd = 7 + received.readUInt32BE(3);
      if (received.length < frameEnd) {
        return undefined;
      }
      const version = longString(received.subarray(0, frameEnd), "version");
      return version === undefined ? {} : { version };
    },
  });
}

/**
 * @param {Buffer} frame
 * @param {string} key
 */
function longString(frame, key) {
  const start = frame.indexOf(Buffer.concat([Buffer.of(key.length), Buffer.from(`${key}S`)]));
  if (start === -1) {
    return undefined;
  }
  const length = start + 1 + key.length + 1;
  const value = length + 4;
  return frame.toString("utf8", value, value + frame.readUInt32BE(length));
}
