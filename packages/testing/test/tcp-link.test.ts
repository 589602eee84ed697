import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { memory } from "@busbar/core";
import { afterEach, describe, expect, it } from "vitest";
import { eventually, stays } from "../src/bounded-wait.ts";
import { TcpLink } from "../src/tcp-link.ts";

const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A server that says everything back, over a link, and a client of it. */
async function linked(): Promise<{ link: TcpLink; client: Socket; heard: () => string; said: string[]; port: number }> {
  const said: string[] = [];
  const server: Server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      said.push(chunk.toString());
      socket.write(chunk);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port: serverPort } = server.address() as AddressInfo;
  let address = "";
  const link = await TcpLink.open(`mqtt://user:secret@127.0.0.1:${serverPort}/path`, ({ url }) => {
    address = url;
    return memory({ url: "memory://linked" });
  });
  await link.create("anybody");
  const port = Number(new URL(address).port);
  const client = connect(port, "127.0.0.1");
  let text = "";
  client.on("error", () => undefined);
  client.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await once(client, "connect");
  open.push(
    () => client.destroy(),
    () => link.close(),
    () => server.close(),
  );
  return { link, client, heard: () => text, said, port };
}

describe("a TCP link", () => {
  it("keeps everything of the address but host and port", async () => {
    let seen = "";
    const link = await TcpLink.open("nats://user:secret@broker.example:4222/path?tls=no", ({ url }) => {
      seen = url;
      return memory({ url: "memory://linked" });
    });
    open.push(() => link.close());
    await link.create("anybody");
    expect(seen).toMatch(/^nats:\/\/user:secret@127\.0\.0\.1:\d+\/path\?tls=no$/);
  });

  it("holds what the server says while what the client says goes on, and loses none of it", async () => {
    const { link, client, heard, said } = await linked();
    client.write("one ");
    await eventually("the first word comes back", () => heard() === "one ", 2_000, heard);
    link.holdAnswers();
    client.write("two ");
    await eventually("the second word reaches the server", () => said.join("") === "one two ", 2_000);
    await stays("nothing comes back", () => heard() === "one ", 30, heard);
    link.release();
    await eventually("what was held comes back", () => heard() === "one two ", 2_000, heard);
    client.write("three");
    await eventually("and so does what follows", () => heard() === "one two three", 2_000, heard);
    expect(said.join("")).toBe("one two three");
  });

  it("holds connections that are made while it holds", async () => {
    const { link, heard, port } = await linked();
    link.holdAnswers();
    const late = connect(port, "127.0.0.1");
    let text = "";
    late.on("data", (chunk: Buffer) => (text += chunk.toString()));
    open.unshift(() => late.destroy());
    late.write("late");
    await stays("nothing comes back", () => text === "" && heard() === "", 30);
    link.release();
    await eventually(
      "what was held comes back",
      () => text === "late",
      2_000,
      () => text,
    );
    expect(heard()).toBe("");
  });

  it("cuts every connection at once and takes new ones", async () => {
    const { link, client, port } = await linked();
    link.sever();
    await eventually("the client sees the cut", () => client.destroyed, 2_000);
    const next = connect(port, "127.0.0.1");
    open.unshift(() => next.destroy());
    let text = "";
    next.on("data", (chunk: Buffer) => (text += chunk.toString()));
    next.write("again");
    await eventually(
      "a new one is served",
      () => text === "again",
      2_000,
      () => text,
    );
  });
});
