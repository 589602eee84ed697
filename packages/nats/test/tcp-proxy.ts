import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** A TCP proxy between a client and a server that can misbehave like a network. */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #refusing = false;
  #targetPort: number;

  /** Starts a proxy in front of the given port of this machine. */
  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ noDelay: true }, (client) => {
      if (this.#refusing) {
        client.destroy();
        return;
      }
      const pair = [client, connect({ port: this.#targetPort, host: "127.0.0.1", noDelay: true })] as const;
      this.#pairs.add(pair);
      for (const [from, to] of [pair, [pair[1], pair[0]] as const]) {
        from.on("data", (bytes) => to.write(bytes));
        from.on("error", () => undefined);
        from.on("close", () => {
          to.destroy();
          this.#pairs.delete(pair);
        });
      }
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Breaks every connection. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  /** Breaks every connection, and every new one too, until `accept`. */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  accept(): void {
    this.#refusing = false;
  }

  /** Leads every new connection to another port. */
  leadTo(targetPort: number): void {
    this.#targetPort = targetPort;
  }

  /** Holds back what the server says, without breaking anything, until `thaw`. */
  freeze(): void {
    for (const [, server] of this.#pairs) server.pause();
  }

  thaw(): void {
    for (const [, server] of this.#pairs) server.resume();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
