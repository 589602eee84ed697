import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { Answers } from "./exchanges.ts";
import type { Exchange, Language } from "./exchanges.ts";

/** What a server once said, by what it was asked. */
export interface Conversation {
  /** Where the server was, for it may say so itself. */
  readonly port: number;
  /** Over all connections, in the order of the questions. */
  readonly exchanges: readonly Exchange[];
}

/** A conversation as it is kept: base64, of an exchange the question first. */
export interface KeptConversation {
  readonly port: number;
  readonly exchanges: readonly (readonly string[])[];
}

export function kept({ port, exchanges }: Conversation): KeptConversation {
  return {
    port,
    exchanges: exchanges.map(({ question, answers }) => [question, ...answers].map((one) => one.toString("base64"))),
  };
}

export function revived({ port, exchanges }: KeptConversation): Conversation {
  return {
    port,
    exchanges: exchanges.map((texts) => {
      const [question = Buffer.alloc(0), ...answers] = texts.map((text) => Buffer.from(text, "base64"));
      return { question, answers };
    }),
  };
}

/** How many chunks are said in all. */
export function lengthOf({ exchanges }: Conversation): number {
  return exchanges.reduce((sum, { answers }) => sum + answers.length, 0);
}

/** Changes what a server says. */
export type Spoil = (chunk: Buffer, connection: number, index: number) => Buffer;

/** A server that says what another one once said to the same question, with something done to it. */
export class ReplayingServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #accepted = 0;

  private constructor({ port, exchanges }: Conversation, language: Language, spoil: Spoil) {
    const answers = new Answers(language, exchanges);
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
      const number = this.#accepted++;
      const heard = answers.connection();
      let next = 0;
      const say = (chunks: readonly Buffer[]): void => {
        for (const chunk of chunks) {
          if (!socket.writable) return;
          if (chunk.length === 0) socket.end();
          else socket.write(spoil(withPort(chunk, port, this.port), number, next++));
        }
      };
      say(heard.greeting());
      socket.on("data", (bytes: Buffer) => say(heard.hear(bytes)));
    });
  }

  static async open(conversation: Conversation, language: Language, spoil: Spoil): Promise<ReplayingServer> {
    const server = new ReplayingServer(conversation, language, spoil);
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
