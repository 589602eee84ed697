import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Broker } from "@busbar/core/contract";
import type { CreateOptions } from "./harness.ts";
import type { Link } from "./link.ts";
import type { ProxyPorts } from "./own-server.ts";

const portOfScheme: Readonly<Record<string, number>> = {
  mqtt: 1883,
  ws: 80,
  amqp: 5672,
  nats: 4222,
  kafka: 9092,
  redis: 6379,
};

/**
 * Puts a TCP proxy between brokers and their server, on the loopback. It knows nothing of what it carries, so it fits every
 * protocol in the clear whose clients stay on the address that they were given, or are told that of the proxy.
 */
export class TcpLink implements Link {
  readonly #url: URL;
  readonly #target: number;
  readonly #create: (options: CreateOptions) => Broker | Promise<Broker>;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #held = false;
  #silent = false;
  #refusing = false;

  private constructor(url: URL, target: number, create: (options: CreateOptions) => Broker | Promise<Broker>) {
    this.#url = url;
    this.#target = target;
    this.#create = create;
    this.#server = createServer({ noDelay: true }, (socket) => this.#join(socket));
  }

  /**
   * Resolves once the proxy takes connections.
   *
   * @param ports Where the server has told its clients to go. @default any port, and the one of the URL
   */
  static async open(
    url: string,
    create: (options: CreateOptions) => Broker | Promise<Broker>,
    ports: ProxyPorts = { listen: 0, target: portOf(new URL(url)) },
  ): Promise<TcpLink> {
    const link = new TcpLink(new URL(url), ports.target, create);
    await new Promise<void>((resolve, reject) => {
      link.#server.once("error", reject).listen(ports.listen, "127.0.0.1", resolve);
    });
    return link;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  create(clientName: string): Broker | Promise<Broker> {
    const url = new URL(this.#url);
    url.hostname = "127.0.0.1";
    url.port = String((this.#server.address() as AddressInfo).port);
    return this.#create({ url: url.href, clientName });
  }

  holdAnswers(): void {
    this.#held = true;
    for (const pair of this.#pairs) pair.hold();
  }

  release(): void {
    this.#held = false;
    for (const pair of this.#pairs) pair.release();
  }

  swallow(): void {
    this.#silent = true;
    for (const pair of this.#pairs) pair.swallow();
  }

  sever(): void {
    this.#silent = false;
    for (const pair of this.#pairs) pair.cut();
  }

  refuse(): void {
    this.#refusing = true;
    this.sever();
  }

  accept(): void {
    this.#refusing = false;
  }

  async close(): Promise<void> {
    this.sever();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }

  #join(client: Socket): void {
    if (this.#refusing) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ host: this.#url.hostname, port: this.#target, noDelay: true });
    const pair = new Pair(client, server, () => this.#pairs.delete(pair));
    this.#pairs.add(pair);
    if (this.#held) pair.hold();
    if (this.#silent) pair.swallow();
  }
}

function portOf(url: URL): number {
  const scheme = url.protocol.slice(0, -1);
  const port = url.port === "" ? portOfScheme[scheme] : Number(url.port);
  if (port === undefined) throw new Error(`The URL of a link names its port; ${scheme} has no usual one.`);
  return port;
}

/** The two ends of one connection. */
class Pair {
  readonly #client: Socket;
  readonly #server: Socket;
  #waiting: Buffer[] | undefined;
  #silent = false;

  constructor(client: Socket, server: Socket, ended: () => void) {
    this.#client = client;
    this.#server = server;
    client.on("data", (chunk: Buffer) => {
      if (!this.#silent) server.write(chunk);
    });
    server.on("data", (chunk: Buffer) => {
      if (this.#silent) return;
      if (this.#waiting === undefined) client.write(chunk);
      else this.#waiting.push(chunk);
    });
    for (const socket of [client, server]) {
      // A cut shows as an error on either side; the close that follows says all there is to say.
      socket.on("error", () => undefined);
      socket.on("close", () => {
        // What a silent network does not pass on includes the end of either side.
        if (!this.#silent) this.cut();
        if (client.destroyed && server.destroyed) ended();
      });
    }
  }

  hold(): void {
    this.#waiting ??= [];
  }

  release(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const chunk of waiting) this.#client.write(chunk);
  }

  swallow(): void {
    this.#silent = true;
  }

  cut(): void {
    this.#client.destroy();
    this.#server.destroy();
  }
}
