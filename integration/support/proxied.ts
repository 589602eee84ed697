import { TcpProxy } from "@busbar/testing";
import { afterwards } from "./cleanups.ts";

/** A proxy in front of a server of this machine, closed after the test, and the URL that leads through it. */
export async function proxiedWay(target: string): Promise<{ readonly proxy: TcpProxy; readonly url: string }> {
  const way = new URL(target);
  const proxy = await TcpProxy.open({ port: Number(way.port) });
  afterwards(() => proxy.close());
  way.port = String(proxy.port);
  return { proxy, url: way.href };
}
