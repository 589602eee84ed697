import { createServer, connect as dial } from "node:net";
import type { AddressInfo } from "node:net";
import { Transcript } from "./exchanges.ts";
import type { Exchange, Language } from "./exchanges.ts";

/** A way to a server on which all is overheard. */
export class Ears {
  readonly #language: Language;
  readonly #server;
  #transcript: Transcript;

  constructor(language: Language, target: number) {
    this.#language = language;
    this.#transcript = new Transcript(language);
    this.#server = createServer((client) => {
      const { asked, said, ended } = this.#transcript.connection();
      const upstream = dial({ host: "127.0.0.1", port: target });
      client.on("end", () => upstream.end());
      client.on("close", () => upstream.destroy());
      client.on("data", (bytes: Buffer) => {
        asked(bytes);
        upstream.write(bytes);
      });
      upstream.on("end", () => {
        if (!client.readableEnded) ended();
        client.end();
      });
      upstream.on("data", (bytes: Buffer) => {
        said(bytes);
        client.write(bytes);
      });
      for (const socket of [client, upstream]) socket.on("error", () => undefined);
    });
  }

  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  forget(): void {
    this.#transcript = new Transcript(this.#language);
  }

  close(): void {
    this.#server.close();
  }

  get exchanges(): readonly Exchange[] {
    return this.#transcript.exchanges;
  }
}
