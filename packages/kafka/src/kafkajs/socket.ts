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
export const idleMs = 60_000;

/**
 * Opens a socket for kafkajs, which reads what comes without looking whether it can be: an answer of less than no bytes would end the process. Here
 * it ends the connection.
 */
export function openSocket({ host, port, ssl, onConnect }: SocketRequest): Socket {
  const socket = ssl
    ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
    : connectPlain({ host, port }, onConnect);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, idleMs);
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...args: unknown[]) => boolean;
  socket.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    if (event !== "data") return emit(event, ...args);
    try {
      return emit(event, ...args);
    } catch (cause) {
      socket.destroy(new Error(`${host}:${port} sent what is none of Kafka's protocol`, { cause }));
      return true;
    }
  };
  return socket;
}
