import { createServer } from "node:net";
import { randomInt } from "node:crypto";

/**
 * The range ports are chosen from: below the ones that systems give to outgoing connections (32768 on Linux, 49152 elsewhere),
 * so that no client can sit on a port while its broker restarts.
 */
export const portRange = Object.freeze({ first: 20_000, last: 32_000 });

/**
 * Chooses that many different ports on which nobody listens on 127.0.0.1 now.
 *
 * @param {number} count
 * @param {object} [options]
 * @param {ReadonlySet<number>} [options.taken] ports promised to somebody who does not listen yet
 * @param {readonly number[]} [options.preferred] taken first where they are free
 * @param {(port: number) => Promise<boolean>} [options.isFree]
 * @param {() => number} [options.candidate] where to look next
 * @returns {Promise<number[]>} rejects when a thousand candidates were in use
 */
export async function chooseFreePorts(count, options = {}) {
  const { taken = new Set(), preferred = [], isFree = isPortFree, candidate = randomPort } = options;
  /** @type {number[]} */
  const chosen = [];
  for (let attempt = 0; chosen.length < count; attempt += 1) {
    if (attempt === 1_000) {
      throw new Error(`Found only ${chosen.length} of ${count} free ports between ${portRange.first} and ${portRange.last} on 127.0.0.1.`);
    }
    const port = preferred[attempt] ?? candidate();
    if (!taken.has(port) && !chosen.includes(port) && (await isFree(port))) {
      chosen.push(port);
    }
  }
  return chosen;
}

/**
 * Tells whether a listener could bind the port on loopback and on all addresses.
 *
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export async function isPortFree(port) {
  return (await canListen(port, "127.0.0.1")) && (await canListen(port, "0.0.0.0"));
}

/** @returns {number} */
function randomPort() {
  return randomInt(portRange.first, portRange.last);
}

/**
 * @param {number} port
 * @param {string} host
 * @returns {Promise<boolean>}
 */
function canListen(port, host) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
