import { connect as connectPlain, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ConnectionOptions } from "node:tls";

/** How a socket is asked for: what kafkajs calls its socket factory with. */
export interface SocketRequest {
  readonly host: string;
  readonly port: number;
  readonly ssl: ConnectionOptions | null | undefined;
  readonly onConnect: () => void;
}

/** A connection that nothing was read from for this long may be closed by the broker without anything being wrong. */
const idleMs = 60_000;

/**
 * The sockets of one kafkajs client object. It tells at once when one that was in use is lost, which kafkajs itself shows only
 * by the failure of a later request, and after `cut` nothing of the client can reach the network any more: its
 * retries, which cannot be stopped, end in nothing.
 */
export class Line {
  readonly #sockets = new Set<Socket>();
  readonly #onLost: (error: Error) => void;
  #cut = false;
  #watching = false;

  constructor(onLost: (error: Error) => void) {
    this.#onLost = onLost;
  }

  /** Tells of losses from now on; before, a failed connect tells of them itself. */
  watch(): void {
    this.#watching = true;
  }

  /** The connection is to be taken for lost. Tells of it once. */
  lose(error: Error): void {
    if (this.#cut || !this.#watching) return;
    this.cut();
    this.#onLost(error);
  }

  /** Ends every socket and refuses new ones. */
  cut(): void {
    this.#cut = true;
    // With an error, since kafkajs hears of no other end, and goes on looking at its requests ten times a second for ever.
    for (const socket of this.#sockets) socket.destroy(new Error("closed"));
    this.#sockets.clear();
  }

  /** Fits `KafkaConfig.socketFactory`. */
  readonly open = ({ host, port, ssl, onConnect }: SocketRequest): Socket => {
    if (this.#cut) throw new Error("closed");
    const connected = (): void => {
      established = true;
      onConnect();
    };
    let established = false;
    let heardAt = Date.now();
    let problem: Error | undefined;
    const socket = ssl
      ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...ssl }, connected)
      : connectPlain({ host, port }, connected);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, idleMs);
    this.#sockets.add(socket);
    socket.on("data", () => {
      heardAt = Date.now();
    });
    socket.once("error", (error) => {
      problem = error;
    });
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (established && Date.now() - heardAt < idleMs) this.lose(problem ?? new LostConnection(`${host}:${port}`));
    });
    return socket;
  };
}

/** A connection that was in use was closed by the other side. */
export class LostConnection extends Error {
  override readonly name = "KafkaJSConnectionClosedError";

  constructor(server: string) {
    super(`${server} closed the connection`);
  }
}
