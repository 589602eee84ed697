import type { MsgHdrs } from "@nats-io/nats-core";
import { contentType } from "./same-wire.ts";

const encoder = new TextEncoder();

/** The headers that everybody publishes with. `publish` asks headers for their bytes alone, and the client's own class makes them slowly. */
export function fastHeaders(id: string, key: string | undefined, publishToken: string | undefined): MsgHdrs {
  const lines =
    `NATS/1.0\r\ncontent-type: ${contentType}\r\nbusbar-id: ${id}\r\n` +
    (key === undefined ? "" : `busbar-key: ${key}\r\n`) +
    `busbar-timestamp: ${Date.now()}\r\n` +
    (publishToken === undefined ? "\r\n" : `Nats-Msg-Id: ${publishToken}\r\n\r\n`);
  const bytes = encoder.encode(lines);
  return { encode: () => bytes } as unknown as MsgHdrs;
}

/** What a server of NATS calls itself in the URL that its client takes. */
export function serverOf(url: string): string {
  return url.replace(/^nats:\/\//, "");
}
