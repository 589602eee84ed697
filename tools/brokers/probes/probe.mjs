import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";

/** @import { Credentials } from "../broker-kind.mjs" */

/**
 * @typedef {object} ProbeTarget
 * @property {URL} url where to ask
 * @property {Credentials} [credentials] to present, where the protocol wants them first
 */

/**
 * Resolves when the broker behind the URL answered in its own protocol that it is ready; rejects otherwise.
 *
 * @typedef {(target: ProbeTarget) => Promise<{ version?: string }>} Probe
 */

const secureProtocols = new Set(["mqtts:", "wss:", "amqps:", "https:"]);

/**
 * Tells whether a connection to the URL begins with TLS.
 *
 * @param {URL} url
 * @returns {boolean}
 */
export function isSecure({ protocol }) {
  return secureProtocols.has(protocol);
}

/** How long one probe waits for its answer: long, since a machine that starts several brokers is busy. */
const answerTimeoutMs = 5_000;

/**
 * Opens a connection, sends the greeting and hands every byte received so far to `read` until that returns something.
 *
 * @template Answer
 * @param {object} exchange
 * @param {URL} exchange.url
 * @param {number} exchange.defaultPort
 * @param {Uint8Array} [exchange.greeting]
 * @param {(received: Buffer, reply: (bytes: Uint8Array) => void) => Answer | undefined} exchange.read may throw to refuse the answer
 * @returns {Promise<Answer>}
 */
export function firstAnswer({ url, defaultPort, greeting, read }) {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || defaultPort);
  return new Promise((resolve, reject) => {
    // Who answers matters here, not whether the certificate is one that this machine trusts.
    const socket = isSecure(url) ? connectTls({ host, port, rejectUnauthorized: false }) : connectTcp({ host, port });
    /** @type {Buffer} */
    let received = Buffer.alloc(0);
    const settle = (/** @type {() => void} */ how) => {
      socket.destroy();
      how();
    };
    socket.setTimeout(answerTimeoutMs, () =>
      settle(() => reject(new Error(`${host}:${port} gave no answer within ${answerTimeoutMs} ms`))),
    );
    socket.on("error", (/** @type {Error} */ error) => settle(() => reject(error)));
    socket.on("close", () =>
      settle(() => reject(new Error(`${host}:${port} closed the connection without an answer`))),
    );
    socket.on("data", (/** @type {Buffer} */ chunk) => {
      received = Buffer.concat([received, chunk]);
      try {
        const answer = read(received, (bytes) => {
          received = Buffer.alloc(0);
          socket.write(bytes);
        });
        if (answer !== undefined) {
          settle(() => resolve(answer));
        }
      } catch (error) {
        settle(() => reject(error instanceof Error ? error : new Error(String(error))));
      }
    });
    if (greeting !== undefined) {
      socket.write(greeting);
    }
  });
}
