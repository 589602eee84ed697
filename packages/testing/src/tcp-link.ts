import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Broker } from "@busbar/core/contract";
import type { CreateOptions } from "./harness.ts";
import type { Link } from "./link.ts";

const portOfScheme: Readonly<Record<string, number>> = { mqtt: 1883, ws: 80, amqp: 5672, nats: 4222, kafka: 9092 };

/**
 * Puts a TCP proxy between brokers and their server, on a port of its own on the loopback. It knows nothing of what it
 * carries, so it fits every protocol in the clear whose clients stay on the address that they were given.
 */
export class TcpLink implements Link {
  readonly #url: URL;
  readonly #create: (options: CreateOptions) => Broker | Promise<Broker>;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #held = false;

  private constructor(url: URL, create: (options: CreateOptions) => Broker | Promise<Broker>) {
    this.#url = url;
    this.#create = create;
    this.#server = createServer({ noDelay: true }, (socket) => this.#join(socket));
  }

  /** Resolves once the proxy takes connections. */
  static async open(url: string, create: (options: CreateOptions) => Broker | Promise<Broker>): Promise<TcpLink> {
    const link = new TcpLink(new URL(url), create);
    await new Promise<void>((resolve, reject) => {
      link.#server.once("error", reject).listen(0, "127.0.0.1", resolve);
    });
    return link;
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

  sever(): void {
    for (const pair of this.#pairs) pair.cut();
  }

  async close(): Promise<void> {
    this.sever();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }

  #join(client: Socket): void {
    const scheme = this.#url.protocol.slice(0, -1);
    const port = this.#url.port === "" ? portOfScheme[scheme] : Number(this.#url.port);
    if (port === undefined) throw new Error(`The URL of a link names its port; ${scheme} has no usual one.`);
    const server = connect({ host: this.#url.hostname, port, noDelay: true });
    const pair = new Pair(client, server, () => this.#pairs.delete(pair));
    this.#pairs.add(pair);
    if (this.#held) pair.hold();
  }
}

/** The two ends of one connection. */
class Pair {
  readonly #client: Socket;
  readonly #server: Socket;
  #waiting: Buffer[] | undefined;

  constructor(client: Socket, server: Socket, ended: () => void) {
    this.#client = client;
    this.#server = server;
    client.pipe(server);
    server.on("data", (chunk: Buffer) => {
      if (this.#waiting === undefined) client.write(chunk);
      else this.#waiting.push(chunk);
    });
    server.on("end", () => client.end());
    for (const socket of [client, server]) {
      // A cut shows as an error on either side; the close that follows says all there is to say.
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.cut();
        ended();
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

  cut(): void {
    this.#client.destroy();
    this.#server.destroy();
  }
}
