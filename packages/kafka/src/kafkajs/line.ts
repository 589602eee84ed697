import type { Socket } from "node:net";
import { idleMs, openSocket } from "./socket.ts";
import type { SocketRequest } from "./socket.ts";

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

  /** A request was not answered in time. */
  readonly late = (): void => this.lose(new Error("a request was not answered in time"));

  /** Ends every socket and refuses new ones. */
  cut(): void {
    this.#cut = true;
    // With an error, since kafkajs hears of no other end, and goes on looking at its requests ten times a second for ever.
    for (const socket of this.#sockets) socket.destroy(new Error("closed"));
    this.#sockets.clear();
  }

  /** Fits `KafkaConfig.socketFactory`. */
  readonly open = (request: SocketRequest): Socket => {
    if (this.#cut) throw new Error("closed");
    const { host, port, onConnect } = request;
    const connected = (): void => {
      established = true;
      onConnect();
    };
    let established = false;
    let heardAt = Date.now();
    const socket = openSocket({ ...request, onConnect: connected });
    this.#sockets.add(socket);
    socket.on("data", () => {
      heardAt = Date.now();
    });
    const ended = (error: Error = new LostConnection(`${host}:${port}`)): void => {
      if (established && Date.now() - heardAt < idleMs) this.lose(error);
    };
    // Each of them, and before kafkajs hears it: what it fails then must not be told before the loss itself.
    socket.once("error", ended);
    socket.once("end", ended);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      ended();
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
