import { memory } from "@busbar/core";
import type { Cluster } from "../../packages/testing/src/cluster.ts";

/** Servers that keep everything between them: in memory, cutting every connection is all that the end of one comes to. */
export function clusterInMemory(url: string): Cluster {
  return {
    url,
    size: 3,
    end: () => Promise.resolve(memory({ url }).native.sever()),
    start: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
