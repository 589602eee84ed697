import { createServer } from "node:net";
import { randomInt } from "node:crypto";

/**
 * The range ports are chosen from: below the ones that systems give to outgoing connections (32768 on Linux, 49152 elsewhere),
 * so that no client can sit on a port while its broker restarts.
 */
export const portRange = Object.freeze({ first: 20_000, last: 32_000 });

/**
 * Chooses for every name a different port on which nobody listens on 127.0.0.1 now.
 *
 * @param {readonly string[]} names
 * @param {object} [options]
 * @param {ReadonlySet<number>} [options.taken] ports promised to somebody who does not listen yet
 * @param {Readonly<Record<string, number>>} [options.preferred] by name, given where they are free
 * @param {(port: number) => Promise<boolean>} [options.isFree]
 * @param {() => number} [options.candidate] where to look next
 * @returns {Promise<Record<string, number>>} rejects when a thousand candidates were in use
 */
export async function chooseFreePorts(
  names,
  { taken = new Set(), preferred = {}, isFree = isPortFree, candidate = randomPort } = {},
) {
  const used = new Set(taken);
  /** @type {Record<string, number>} */
  const chosen = {};
  let attempts = 0;
  for (const name of names) {
    let port = preferred[name] ?? candidate();
    while (used.has(port) || !(await isFree(port))) {
      attempts += 1;
      if (attempts === 1_000) {
        throw new Error(
          `Found no free port for ${name} between ${portRange.first} and ${portRange.last} on 127.0.0.1.`,
        );
      }
      port = candidate();
    }
    used.add(port);
    chosen[name] = port;
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
