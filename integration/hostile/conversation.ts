import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { framesOf, KafkaAnswers } from "./kafka-answers.ts";

/** What a server said on each of its connections, in the order in which they came: a chunk for each time the client had spoken. */
export interface Conversation {
  /** Where the server was, for it may say so itself. */
  readonly port: number;
  readonly connections: readonly (readonly Buffer[])[];
  /** What each chunk answers, in the same order, where questions and answers can be told apart. */
  readonly questions?: readonly (readonly Buffer[])[];
}

/** A conversation as it is kept: base64. */
export interface KeptConversation {
  readonly port: number;
  readonly connections: readonly (readonly string[])[];
  readonly questions?: readonly (readonly string[])[];
}

export function revived({ port, connections, questions }: KeptConversation): Conversation {
  const bytesOf = (lists: readonly (readonly string[])[]): Buffer[][] =>
    lists.map((chunks) => chunks.map((chunk) => Buffer.from(chunk, "base64")));
  return { port, connections: bytesOf(connections), ...(questions && { questions: bytesOf(questions) }) };
}

/** Changes what a server says. */
export type Spoil = (chunk: Buffer, connection: number, index: number) => Buffer;

/**
 * A server that says what another one once said, whatever it is told, with something done to it. The first chunk comes by itself where the
 * recorded server spoke first.
 */
export class ReplayingServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #accepted = 0;

  private constructor(conversation: Conversation, speaksFirst: boolean, spoil: Spoil) {
    const answers = conversation.questions && new KafkaAnswers(conversation.questions, conversation.connections);
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
      const number = this.#accepted++;
      const chunks = conversation.connections[number % conversation.connections.length] ?? [];
      let next = 0;
      const say = (chunk: Buffer | undefined = chunks[next]): void => {
        const index = next++;
        if (chunk !== undefined && socket.writable)
          socket.write(spoil(withPort(chunk, conversation.port, this.port), number, index));
      };
      let asked: Buffer = Buffer.alloc(0);
      const answer = (bytes: Buffer, to: KafkaAnswers): void => {
        const { frames, rest } = framesOf(Buffer.concat([asked, bytes]));
        asked = rest;
        for (const question of frames) {
          const said = to.to(question);
          if (said !== undefined) say(said);
        }
      };
      if (speaksFirst) say();
      socket.on("data", (bytes: Buffer) => (answers === undefined ? say() : answer(bytes, answers)));
    });
  }

  static async open(conversation: Conversation, speaksFirst: boolean, spoil: Spoil): Promise<ReplayingServer> {
    const server = new ReplayingServer(conversation, speaksFirst, spoil);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Kafka says where it is, and its clients go there. */
function withPort(chunk: Buffer, from: number, to: number): Buffer {
  const [old, now] = [from, to].map((port) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(port);
    return bytes;
  }) as [Buffer, Buffer];
  const copy = Buffer.from(chunk);
  for (let at = copy.indexOf(old); at !== -1; at = copy.indexOf(old, at + 4)) now.copy(copy, at);
  return copy;
}
