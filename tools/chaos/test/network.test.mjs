import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { after, test } from "node:test";

import { Network } from "../network.mjs";

/** @import { AddressInfo, Socket } from "node:net" */

/** @type {(() => Promise<void>)[]} */
const ends = [];
after(() => Promise.all(ends.map((end) => end())));

/** A server that sends everything back, a network before it, and a client that came over it. */
async function echo() {
  const server = createServer((socket) => void socket.on("error", () => {}).pipe(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const network = await Network.open({ port: 0, target: /** @type {AddressInfo} */ (server.address()).port });
  ends.push(async () => {
    await network.close();
    server.close();
  });
  return { network, client: await clientOf(network) };
}

/** @param {Network} network */
async function clientOf(network) {
  const client = connect({ host: "127.0.0.1", port: network.port });
  client.on("error", () => {});
  await once(client, "connect");
  return client;
}

/**
 * Resolves to the next bytes that come, so many of them.
 *
 * @param {Socket} client
 * @param {number} length
 */
async function received(client, length) {
  let back = Buffer.alloc(0);
  while (back.length < length) {
    const [chunk] = /** @type {[Buffer]} */ (await once(client, "data"));
    back = Buffer.concat([back, chunk]);
  }
  return back;
}

/**
 * Sends the bytes and resolves to how many milliseconds went by until they had all come back.
 *
 * @param {Socket} client
 */
async function roundTripMs(client) {
  const start = performance.now();
  client.write(bytes);
  assert.deepEqual(await received(client, bytes.length), bytes);
  return performance.now() - start;
}

/** @param {Socket} client */
function closed(client) {
  // Not by `once`, which rejects on the error before it.
  return new Promise((resolve) => void client.on("close", resolve));
}

const bytes = Buffer.from(Array.from({ length: 4_000 }, (_, index) => index % 251));

test("bytes come late where it delays, and at once when it is healed", async () => {
  const { network, client } = await echo();
  network.slow({ delayMs: () => 150 });
  // Timers may be a little early.
  assert.ok((await roundTripMs(client)) >= 290);
  network.heal();
  assert.ok((await roundTripMs(client)) < 100);
});

test("bytes that are delayed less do not overtake those before them", async () => {
  const { network, client } = await echo();
  for (const [index, delayMs] of [200, 0].entries()) {
    network.slow({ delayMs: () => delayMs });
    client.write(bytes.subarray(index * 2_000, (index + 1) * 2_000));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(await received(client, bytes.length), bytes);
});

test("no more bytes pass in a second than it lets through", async () => {
  const { network, client } = await echo();
  network.slow({ bytesPerSecond: 8_000 });
  assert.ok((await roundTripMs(client)) >= 490);
});

test("a sender is held back before everything is under way", async () => {
  const { network, client } = await echo();
  network.slow({ bytesPerSecond: 1_000 });
  const much = Buffer.alloc(32 * 1_024 * 1_024);
  assert.equal(client.write(much), false);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(client.writableLength > 16 * 1_024 * 1_024, `${client.writableLength} bytes are left with the sender`);
});

test("what is swallowed never comes, and nobody is told until it cuts", async () => {
  const { network, client } = await echo();
  network.swallow();
  /** @type {string[]} */
  const seen = [];
  client.on("data", () => seen.push("data"));
  client.on("close", () => seen.push("close"));
  client.write(bytes);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepEqual(seen, []);
  const end = closed(client);
  network.cut();
  await end;
  assert.deepEqual(seen, ["close"]);
  await roundTripMs(await clientOf(network));
});

test("while it refuses every connection ends, those that are new too", async () => {
  const { network, client } = await echo();
  const end = closed(client);
  network.refuse();
  await end;
  const late = connect({ host: "127.0.0.1", port: network.port });
  late.on("error", () => {});
  await closed(late);
  network.heal();
  await roundTripMs(await clientOf(network));
});
