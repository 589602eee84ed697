import { connect } from "amqplib";
import type { ChannelModel } from "amqplib";
import type { Socket } from "node:net";

/** The exchange that everybody publishes to. */
export const exchange = "amq.topic";

/** A durable classic queue, for everybody: between queues of two types the queues would be compared. */
export const queueOptions = { durable: true } as const;

/** The socket takes a whole window: what amqplib held back it would write with a system call for each frame. */
const socketOptions = { noDelay: true, ...{ highWaterMark: 1_048_576 } };

export function connectAmqp(url: string): Promise<ChannelModel> {
  return connect(url, socketOptions);
}

/** The properties that everybody publishes with. */
export function propertiesOf(id: string, key: string | undefined, persistent: boolean) {
  const now = Date.now();
  return {
    messageId: id,
    contentType: "application/json",
    timestamp: Math.floor(now / 1000),
    persistent,
    mandatory: persistent,
    headers: { ...(key === undefined ? {} : { "busbar-key": key }), "busbar-timestamp": String(now) },
  };
}

/** Returns what corks the socket until everything of this turn has been written to it: amqplib makes a system call for each frame. */
export function corkedPerTurn(model: ChannelModel): () => void {
  const socket = (model.connection as { readonly stream?: Socket }).stream;
  let corked = false;
  return () => {
    if (corked || socket === undefined) return;
    corked = true;
    socket.cork();
    // amqplib moves frames to the socket in a setImmediate of its own.
    setImmediate(() =>
      setImmediate(() => {
        corked = false;
        socket.uncork();
      }),
    );
  };
}
