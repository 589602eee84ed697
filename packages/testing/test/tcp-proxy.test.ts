import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { eventually, stays } from "../src/bounded-wait.ts";
import { TcpProxy } from "../src/tcp-proxy.ts";

const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** A server that says everything back with its name before it, and its sockets. */
async function serverOf(name: string): Promise<{ readonly port: number; readonly sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined).on("data", (chunk: Buffer) => socket.write(`${name} ${chunk.toString()}`));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  open.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, sockets };
}

async function proxyTo(port: number): Promise<TcpProxy> {
  const proxy = await TcpProxy.open({ port });
  open.push(() => proxy.close());
  return proxy;
}

async function clientOf({ port }: TcpProxy): Promise<{ readonly socket: Socket; readonly heard: () => string }> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("error", () => undefined).on("data", (chunk: Buffer) => (text += chunk.toString()));
  await once(socket, "connect");
  open.push(() => socket.destroy());
  return { socket, heard: () => text };
}

describe("a TCP proxy", () => {
  it("that is frozen passes on nothing, not the end of either side either, until it thaws", async () => {
    const { port, sockets } = await serverOf("a");
    const proxy = await proxyTo(port);
    const [staying, leaving] = [await clientOf(proxy), await clientOf(proxy)];
    await eventually("both are there", () => sockets.length === 2, 2_000);
    proxy.freeze("everything");
    staying.socket.write("one");
    leaving.socket.destroy();
    await stays("nothing arrives, and nobody leaves", () => staying.heard() === "" && !sockets.some(isOver), 50);
    proxy.thaw();
    await eventually("what was said arrives", () => staying.heard() === "a one", 2_000);
    await eventually("and so does the end", () => sockets.filter(isOver).length === 1, 2_000);
    expect([proxy.accepted, staying.socket.destroyed]).toEqual([2, false]);
  });

  it("that keeps answers back lets whoever waits for them leave", async () => {
    const { port, sockets } = await serverOf("a");
    const proxy = await proxyTo(port);
    const { socket, heard } = await clientOf(proxy);
    await eventually("it is there", () => sockets.length === 1, 2_000);
    proxy.freeze("answers");
    socket.write("one");
    await stays("no answer comes", () => heard() === "", 50);
    socket.destroy();
    await eventually("the server sees it leave", () => sockets.every(isOver), 2_000);
    await eventually("nothing is left", () => proxy.connections === 0, 2_000);
  });

  it("carries new connections after a cut, whatever was frozen, and leads them where it is told", async () => {
    const [one, other] = [await serverOf("a"), await serverOf("b")];
    const proxy = await proxyTo(one.port);
    const first = await clientOf(proxy);
    proxy.freeze("everything");
    proxy.leadTo({ port: other.port });
    proxy.cut();
    await eventually("the first is cut", () => first.socket.destroyed, 2_000);
    const second = await clientOf(proxy);
    second.socket.write("two");
    await eventually("the other one answers", () => second.heard() === "b two", 2_000);
    expect(one.sockets).toHaveLength(1);
  });

  it("that refuses keeps what is there, and takes new ones again once it accepts", async () => {
    const { port } = await serverOf("a");
    const proxy = await proxyTo(port);
    const [there, said] = [await clientOf(proxy), [] as string[]];
    proxy.onSaid = (bytes) => said.push(bytes.toString());
    proxy.refuse();
    const refused = connect(proxy.port, "127.0.0.1").on("error", () => undefined);
    await eventually("the new one is reset", () => refused.destroyed, 2_000);
    there.socket.write("one");
    await eventually("the old one is carried", () => there.heard() === "a one", 2_000);
    proxy.accept();
    const taken = await clientOf(proxy);
    taken.socket.write("two");
    await eventually("a later one too", () => taken.heard() === "a two", 2_000);
    expect(said).toEqual(["one", "two"]);
  });
});

function isOver(socket: Socket): boolean {
  return socket.destroyed || socket.readableEnded;
}
