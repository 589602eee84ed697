import type { Broker } from "@busbar/core/contract";
import type { CreateOptions } from "./harness.ts";
import type { Link } from "./link.ts";
import type { ProxyPorts } from "./own-server.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const portOfScheme: Readonly<Record<string, number>> = {
  mqtt: 1883,
  ws: 80,
  amqp: 5672,
  nats: 4222,
  kafka: 9092,
  redis: 6379,
};

/**
 * Puts a TCP proxy between brokers and their server, on the loopback. It fits every protocol in the clear whose clients stay on the address that
 * they were given, or are told that of the proxy.
 */
export class TcpLink implements Link {
  readonly #url: URL;
  readonly #create: (options: CreateOptions) => Broker | Promise<Broker>;
  readonly #proxy: TcpProxy;

  private constructor(url: URL, create: (options: CreateOptions) => Broker | Promise<Broker>, proxy: TcpProxy) {
    this.#url = url;
    this.#create = create;
    this.#proxy = proxy;
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
    const address = new URL(url);
    const target = { host: address.hostname, port: ports.target };
    return new TcpLink(address, create, await TcpProxy.open(target, ports.listen));
  }

  get connections(): number {
    return this.#proxy.connections;
  }

  create(clientName: string, options: { readonly leaseMs?: number } = {}): Broker | Promise<Broker> {
    const url = new URL(this.#url);
    url.hostname = "127.0.0.1";
    url.port = String(this.#proxy.port);
    return this.#create({ url: url.href, clientName, ...options });
  }

  holdAnswers(): void {
    this.#proxy.freeze("answers");
  }

  release(): void {
    this.#proxy.thaw();
  }

  swallow(): void {
    this.#proxy.freeze("everything");
  }

  sever(): void {
    this.#proxy.cut();
  }

  refuse(): void {
    this.#proxy.refuse();
    this.#proxy.cut();
  }

  accept(): void {
    this.#proxy.accept();
  }

  close(): Promise<void> {
    return this.#proxy.close();
  }
}

function portOf(url: URL): number {
  const scheme = url.protocol.slice(0, -1);
  const port = url.port === "" ? portOfScheme[scheme] : Number(url.port);
  if (port === undefined) throw new Error(`The URL of a link names its port; ${scheme} has no usual one.`);
  return port;
}
