import type { ChannelModel } from "amqplib";
import type { Socket } from "node:net";

/** The socket under a connection. The client keeps it on an object that its types do not show; this is the one place that knows. */
export function socketOf(model: ChannelModel): Socket | undefined {
  return (model.connection as { readonly stream?: Socket }).stream;
}

/**
 * Writes all frames of one turn of the event loop to the socket in one go, where the client would make a system call for
 * each (a fifth of the throughput).
 */
export class SocketBatch {
  readonly #socket: Socket | undefined;
  #written: Promise<void> | undefined;

  constructor(model: ChannelModel) {
    this.#socket = socketOf(model);
  }

  /** To be called with every frame; returns a promise that resolves once the frames of this turn are with the socket. */
  gather(): Promise<void> {
    // One cork at a time: corks are counted, and under constant load overlapping ones would never come off.
    return (this.#written ??= new Promise((resolve) => {
      this.#socket?.cork();
      // The client moves its frames to the socket in a setImmediate of its own, so the second one is surely behind it.
      setImmediate(() =>
        setImmediate(() => {
          this.#written = undefined;
          this.#socket?.uncork();
          resolve();
        }),
      );
    }));
  }
}
