import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** A TCP proxy on loopback, to cut connections and to hold back what flows over them. */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [client: Socket, server: Socket]>();
  #refusing = false;
  #silent = false;
  /** How many connections came so far. */
  accepted = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a free port and passes everything on to the host and port of the URL. */
  static async to(url: string): Promise<TcpProxy> {
    const { hostname, port } = new URL(url);
    const server = createServer();
    const proxy = new TcpProxy(server);
    server.on("connection", (client) => proxy.#accept(client, hostname, Number(port)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Resets every connection, and is silent no more. */
  cut(): void {
    this.#silent = false;
    for (const [client, server] of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Ends every new connection as soon as it comes, until `accept`. */
  refuse(): void {
    this.#refusing = true;
  }

  accept(): void {
    this.#refusing = false;
  }

  /** Passes nothing on any more, in either direction, and keeps the connections open: a half-open connection. */
  silence(): void {
    this.#silent = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** Passes nothing on from the server to the clients; what the clients send still arrives. */
  silenceServer(): void {
    this.#silent = true;
    for (const [, server] of this.#pairs) server.pause();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket, host: string, port: number): void {
    this.accepted++;
    if (this.#refusing) return void client.resetAndDestroy();
    const server = connect({ host, port });
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    const end = (): void => {
      // What a silent network does not pass on includes the end.
      if (this.#silent) return;
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const [from, to] of [pair, [server, client] as const]) {
      from.setNoDelay(true);
      from.on("data", (chunk) => to.write(chunk));
      from.on("error", end);
      from.on("close", end);
      if (this.#silent) from.pause();
    }
  }
}
