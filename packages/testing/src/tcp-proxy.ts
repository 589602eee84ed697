import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** Where a proxy leads its connections to. */
export interface ProxyTarget {
  /** @default "127.0.0.1" */
  readonly host?: string;
  readonly port: number;
}

/** What a proxy keeps to itself. */
type Frozen = "nothing" | "answers" | "everything";

/** A TCP proxy on the loopback that can misbehave as a network does. It knows nothing of what it carries. */
export class TcpProxy {
  /** Called with what clients say, before it is passed on. */
  onSaid: (bytes: Buffer) => void = () => undefined;
  /** How many connections came so far, those that were refused too. */
  accepted = 0;
  readonly #server: Server;
  readonly #passages = new Set<Passage>();
  #target: ProxyTarget;
  #refusing = false;
  #frozen: Frozen = "nothing";

  private constructor(target: ProxyTarget) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (client) => this.#join(client));
  }

  /**
   * Resolves once it takes connections.
   *
   * @param port Where it listens. @default any that is free
   */
  static async open(target: ProxyTarget, port: number = 0): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject).listen(port, "127.0.0.1", resolve);
    });
    return proxy;
  }

  /** Where it listens. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#passages.size;
  }

  /** Resets every connection, without a farewell to either side. New ones are carried, whatever was frozen before. */
  cut(): void {
    this.#frozen = "nothing";
    for (const passage of this.#passages) passage.cut();
  }

  /** Resets every new connection as soon as it comes, until `accept`. Those that are there stay. */
  refuse(): void {
    this.#refusing = true;
  }

  /** Takes connections again. */
  accept(): void {
    this.#refusing = false;
  }

  /**
   * Passes on nothing that the server says, or nothing at all, on new connections too, until `thaw`. Closes nothing: a connection of which
   * nothing at all is passed on is half open when one side ends it.
   */
  freeze(what: "answers" | "everything"): void {
    this.#frozen = what;
    for (const passage of this.#passages) passage.freeze(what);
  }

  /** Passes on what was kept, and what follows. */
  thaw(): void {
    this.#frozen = "nothing";
    for (const passage of this.#passages) passage.freeze("nothing");
  }

  /** Leads every new connection to somebody else. */
  leadTo(target: ProxyTarget): void {
    this.#target = target;
  }

  /** Resets every connection and takes no more. */
  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }

  #join(client: Socket): void {
    this.accepted++;
    if (this.#refusing) return void client.resetAndDestroy();
    const { host = "127.0.0.1", port } = this.#target;
    const server = connect({ host, port, noDelay: true });
    client.on("data", (bytes: Buffer) => this.onSaid(bytes));
    const passage = new Passage(client, server, () => this.#passages.delete(passage));
    this.#passages.add(passage);
    passage.freeze(this.#frozen);
  }
}

/** The two sockets of one connection. */
class Passage {
  readonly #client: Socket;
  readonly #server: Socket;
  #frozen: Frozen = "nothing";

  constructor(client: Socket, server: Socket, ended: () => void) {
    this.#client = client;
    this.#server = server;
    for (const [from, to] of [[client, server] as const, [server, client] as const]) {
      from.on("data", (bytes: Buffer) => {
        if (!to.destroyed) to.write(bytes);
      });
      // A cut shows as an error on either side; the close that follows says all there is to say.
      from.on("error", () => undefined);
      from.on("close", () => {
        this.#passOnEnds();
        if (client.destroyed && server.destroyed) ended();
      });
    }
  }

  freeze(what: Frozen): void {
    this.#frozen = what;
    if (what === "everything") this.#client.pause();
    else this.#client.resume();
    if (what === "nothing") this.#server.resume();
    else this.#server.pause();
    this.#passOnEnds();
  }

  cut(): void {
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  /** What a silent network does not pass on includes the end of either side. */
  #passOnEnds(): void {
    if (this.#frozen === "everything") return;
    // Behind what was said before it.
    if (this.#client.destroyed) this.#server.destroySoon();
    if (this.#server.destroyed) this.#client.destroySoon();
  }
}
