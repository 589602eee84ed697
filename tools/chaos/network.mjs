import { connect, createServer } from "node:net";

/** @import { AddressInfo, Server, Socket } from "node:net" */

const host = "127.0.0.1";

/** A TCP proxy on a port that can be chosen, which resets connections or swallows what flows over them. */
export class Network {
  /** @type {Server} */ #server;
  #target;
  /** @type {Set<readonly [client: Socket, server: Socket]>} */ #pairs = new Set();
  #swallows = false;

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

  /** Resets every connection; new ones pass. */
  cut() {
    this.#swallows = false;
    for (const pair of this.#pairs) {
      for (const socket of pair) {
        socket.resetAndDestroy();
      }
    }
  }

  /** Throws away what comes from either side, without closing anything, until the next `cut`. */
  swallow() {
    this.#swallows = true;
  }

  /** Resets every connection and takes no more. */
  async close() {
    this.cut();
    await new Promise((resolve) => void this.#server.close(resolve));
  }

  /** @param {Socket} client */
  #join(client) {
    const server = connect({ host, port: this.#target });
    const pair = /** @type {const} */ ([client, server]);
    this.#pairs.add(pair);
    const end = () => {
      // What a silent network does not pass on includes the end; the cut that follows ends both.
      if (!this.#swallows) {
        this.#pairs.delete(pair);
        client.destroy();
        server.destroy();
      }
    };
    for (const [from, to] of [pair, /** @type {const} */ ([server, client])]) {
      from.setNoDelay(true);
      from.on("data", (chunk) => {
        if (!this.#swallows) {
          to.write(chunk);
        }
      });
      from.on("error", end);
      from.on("close", end);
    }
  }
}
