import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** How a fake server answers; each returns the bytes to send back, and none when it keeps silent. */
export interface FakeAnswers {
  /** @default success, with the session absent */
  readonly connect?: (packet: Buffer) => readonly number[];
  /** @default the QoS that was asked for */
  readonly subscribe?: (packetId: readonly [number, number], filter: string) => readonly number[];
}

/** A server of MQTT 5 as small as can be, to answer what no real one can be made to answer. It confirms what is published, and keeps nothing of it. */
export class FakeServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start({
    connect = () => [0x20, 3, 0, 0, 0],
    subscribe = granting(1),
  }: FakeAnswers = {}): Promise<FakeServer> {
    const server = createServer();
    const fake = new FakeServer(server);
    server.on("connection", (socket) => {
      fake.#sockets.add(socket);
      socket.on("error", () => {});
      // Every packet of these tests comes in one piece.
      socket.on("data", (chunk: Buffer) => {
        for (let rest = chunk; rest.length > 1; rest = rest.subarray(2 + (rest[1] ?? 0))) {
          const kind = (rest[0] ?? 0) >> 4;
          if (kind === 1) socket.write(Buffer.from(connect(rest)));
          if (kind === 3 && ((rest[0] ?? 0) & 6) === 2) socket.write(Buffer.from(confirming(rest)));
          if (kind === 8) socket.write(Buffer.from(subscribe([rest[2] ?? 0, rest[3] ?? 0], filterOf(rest))));
          if (kind === 12) socket.write(Buffer.from([0xd0, 0]));
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Sends the bytes over every connection. */
  send(...bytes: number[]): void {
    for (const socket of this.#sockets) if (!socket.destroyed) socket.write(Buffer.from(bytes));
  }

  /** Ends every connection, and takes new ones. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Answers a SUBSCRIBE with this code. */
export function granting(code: number): NonNullable<FakeAnswers["subscribe"]> {
  return ([high, low]) => [0x90, 4, high, low, 0, code];
}

function confirming(publish: Buffer): readonly number[] {
  const at = 4 + publish.readUInt16BE(2);
  return [0x40, 2, publish[at] ?? 0, publish[at + 1] ?? 0];
}

function filterOf(subscribe: Buffer): string {
  const at = 5 + (subscribe[4] ?? 0);
  return subscribe.toString("utf8", at + 2, at + 2 + subscribe.readUInt16BE(at));
}
