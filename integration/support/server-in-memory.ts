import { memory } from "@busbar/core";
import type { OwnServer } from "../../packages/testing/src/own-server.ts";

/** A server that keeps everything over its restart: in memory, cutting every connection is all there is to it. */
export function serverInMemory(url: string): OwnServer {
  return {
    url,
    restart: () => Promise.resolve(memory({ url }).native.sever()),
    close: () => Promise.resolve(),
  };
}
