import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { Line } from "../../src/kafkajs/line.ts";

it("a line tells of a connection that the other side has ended before kafkajs hears of it, once", async () => {
  const server = createServer((socket) => socket.resume().end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const heard: string[] = [];
  const line = new Line(({ message }) => heard.push(message));
  line.watch();
  const socket = line.open({ host: "127.0.0.1", port, ssl: undefined, onConnect: () => undefined });
  socket.on("end", () => heard.push("the end")).on("error", () => heard.push("an error"));
  socket.resume();
  await new Promise((resolve) => socket.once("close", resolve));
  expect(heard).toEqual([`127.0.0.1:${port} closed the connection`, "the end", "an error"]);
  server.close();
});
