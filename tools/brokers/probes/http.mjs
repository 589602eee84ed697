import { firstAnswer, isSecure } from "./probe.mjs";

/** @import { Probe } from "./probe.mjs" */

/**
 * Ready means: an HTTP request is answered with a status below 500.
 *
 * @type {Probe}
 */
export function httpAnswers({ url }) {
  return httpStatus(url, { Connection: "close" }, (status) => status < 500);
}

/**
 * Ready means: the upgrade to a WebSocket that carries MQTT is accepted with status 101.
 *
 * @type {Probe}
 */
export function mqttWebSocketAccepts({ url }) {
  return httpStatus(
    url,
    {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": Buffer.from("busbar-probe-key").toString("base64"),
      "Sec-WebSocket-Protocol": "mqtt",
    },
    (status) => status === 101,
  );
}

/**
 * @param {URL} url
 * @param {Record<string, string>} headers
 * @param {(status: number) => boolean} accepts
 */
function httpStatus(url, headers, accepts) {
  const lines = Object.entries({ Host: url.host, ...headers }).map(([name, value]) => `${name}: ${value}`);
  return firstAnswer({
    url,
    defaultPort: isSecure(url) ? 443 : 80,
    greeting: Buffer.from(`GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`),
    read(received) {
      const status = /^HTTP\/1\.[01] (\d{3})[^\r]*\r\n/.exec(received.toString("latin1"))?.[1];
      if (status === undefined) {
        return undefined;
      }
      if (!accepts(Number(status))) {
        throw new Error(`${url.href} answered with status ${status}`);
      }
      return {};
    },
  });
}
