import type { ChannelModel } from "amqplib";
import type { Socket } from "node:net";

/** The socket under a connection. The client keeps it on an object that its types do not show; this is the one place that knows. */
export function socketOf(model: ChannelModel): Socket | undefined {
  return (model.connection as { readonly stream?: Socket }).stream;
}

/** The frames of one turn of the event loop. */
interface Turn {
  readonly written: Promise<void>;
  readonly resolve: () => void;
}

/**
 * Writes all frames of one turn of the event loop to the socket in one go, where the client would make a system call for
 * each (a fifth of the throughput).
 */
export class SocketBatch {
  readonly #socket: Socket | undefined;
  /** What was handed to the client since the last step. */
  #gathered: Turn | undefined;
  /** What was handed to it before, and is with the socket by the next step. */
  #moving: Turn | undefined;
  #corked = false;

  constructor(model: ChannelModel) {
    this.#socket = socketOf(model);
  }

  /** To be called with every frame that may not be the only one of its turn; returns a promise that resolves once the frames of this turn are with the socket. */
  gather(): Promise<void> {
    this.#gathered ??= newTurn();
    if (!this.#corked) {
      this.#corked = true;
      this.#socket?.cork();
      setImmediate(this.#step);
    }
    return this.#gathered.written;
  }

  /**
   * The client moves a frame to the socket in a `setImmediate` of its own, so that one step is behind it. What came meanwhile must find the socket corked
   * again when it is moved, or under constant load each of its frames would be a system call.
   */
  readonly #step = (): void => {
    const moved = this.#moving;
    this.#moving = this.#gathered;
    this.#gathered = undefined;
    if (moved !== undefined) {
      this.#socket?.uncork();
      moved.resolve();
      if (this.#moving !== undefined) this.#socket?.cork();
    }
    this.#corked = this.#moving !== undefined;
    if (this.#corked) setImmediate(this.#step);
  };
}

function newTurn(): Turn {
  let resolve: () => void = () => undefined;
  const written = new Promise<void>((settle) => (resolve = settle));
  return { written, resolve };
}
