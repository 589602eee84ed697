import { randomBytes } from "node:crypto";

import { firstAnswer, isSecure } from "./probe.mjs";

/** @import { Probe, ProbeTarget } from "./probe.mjs" */

/**
 * Ready means: CONNECT with a clean session was accepted by a CONNACK (MQTT 3.1.1, section 3.2).
 *
 * @type {Probe}
 */
export function mqttAccepts(target) {
  return firstAnswer({
    url: target.url,
    defaultPort: isSecure(target.url) ? 8883 : 1883,
    greeting: connectPacket(target),
    read(received) {
      if (received.length < 4) {
        return undefined;
      }
      if (received[0] !== 0x20) {
        throw new Error("the answer to MQTT CONNECT is no CONNACK");
      }
      if (received[3] !== 0) {
        throw new Error(`MQTT CONNECT was refused with return code ${received[3]}`);
      }
      return {};
    },
  });
}

/** @param {ProbeTarget} target */
function connectPacket({ url, credentials }) {
  const username = credentials?.username ?? decodeURIComponent(url.username);
  const password = credentials?.password ?? decodeURIComponent(url.password);
  const flags = 0x02 | (username ? 0x80 : 0) | (password ? 0x40 : 0);
  const body = Buffer.concat([
    text("MQTT"),
    Buffer.of(4, flags, 0, 30),
    text(`busbar-probe-${randomBytes(4).toString("hex")}`),
    ...(username ? [text(username)] : []),
    ...(password ? [text(password)] : []),
  ]);
  return Buffer.concat([Buffer.of(0x10), remainingLength(body.length), body]);
}

/** @param {string} value */
function text(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

/** @param {number} length */
function remainingLength(length) {
  const bytes = [];
  for (let rest = length; bytes.length === 0 || rest > 0; rest >>= 7) {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  }
  return Buffer.from(bytes);
}
