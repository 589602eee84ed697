import { connect, createServer } from "node:net";

import { Pipe } from "./pipe.mjs";

/** @import { AddressInfo, Server, Socket } from "node:net" */
/** @import { Weather } from "./pipe.mjs" */

const host = "127.0.0.1";

/** @type {Weather} */
const fair = { swallows: false, delayMs: () => 0, bytesPerSecond: Infinity };

/**
 * A TCP proxy on a port that can be chosen, which resets and refuses connections, swallows what flows over them, or lets it through
 * late and slowly.
 */
export class Network {
  /** @type {Server} */ #server;
  #target;
  /** @type {Set<readonly [client: Socket, server: Socket]>} */ #pairs = new Set();
  #refuses = false;
  /** @type {Weather} */ #weather = fair;

  /** @param {number} target */
  constructor(target) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  /**
   * Resolves once it passes connections on to the target's port.
   *
   * @param {{ port: number, target: number }} ports `port` 0 takes a free one
   * @returns {Promise<Network>}
   */
  static async open({ port, target }) {
    const network = new Network(target);
    await new Promise((resolve, reject) => {
      network.#server.once("error", reject).listen(port, host, () => resolve(undefined));
    });
    return network;
  }

  /** Where it listens. */
  get port() {
    return /** @type {AddressInfo} */ (this.#server.address()).port;
  }

  /** Resets every connection; new ones pass, and everything is as it should be. */
  cut() {
    this.heal();
    for (const pair of this.#pairs) {
      for (const socket of pair) {
        socket.resetAndDestroy();
      }
    }
  }

  /** Resets every connection, and each new one at once, until `heal`. */
  refuse() {
    this.cut();
    this.#refuses = true;
  }

  /** Throws away what comes from either side, without closing anything, until the next `cut`. */
  swallow() {
    this.#weather = { ...fair, swallows: true };
  }

  /**
   * Lets everything through, late or slowly, until `heal`.
   *
   * @param {Partial<Omit<Weather, "swallows">>} how
   */
  slow(how) {
    this.#weather = { ...fair, ...how };
  }

  /** Lets everything through at once from now on, and takes new connections. */
  heal() {
    this.#refuses = false;
    this.#weather = fair;
  }

  /** Resets every connection and takes no more. */
  async close() {
    this.cut();
    await new Promise((resolve) => void this.#server.close(resolve));
  }

  /** @param {Socket} client */
  #join(client) {
    if (this.#refuses) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ host, port: this.#target });
    const pair = /** @type {const} */ ([client, server]);
    this.#pairs.add(pair);
    const weather = () => this.#weather;
    const pipes = [new Pipe(client, server, weather), new Pipe(server, client, weather)];
    const end = () => {
      // What a silent network does not pass on includes the end; the cut that follows ends both.
      if (!this.#weather.swallows) {
        this.#pairs.delete(pair);
        for (const pipe of pipes) {
          pipe.close();
        }
        client.destroy();
        server.destroy();
      }
    };
    for (const socket of pair) {
      socket.on("error", end);
      socket.on("close", end);
    }
  }
}
