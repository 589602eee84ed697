import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";

import { chooseFreePorts, isPortFree, portRange } from "../free-ports.mjs";

test("every name gets a different free port below the ones of outgoing connections", async () => {
  const ports = Object.values(await chooseFreePorts(["a", "b", "c", "d", "e", "f"]));
  assert.equal(new Set(ports).size, 6);
  for (const port of ports) {
    assert.ok(port >= portRange.first && port < portRange.last, String(port));
    assert.ok(await isPortFree(port));
  }
});

test("a preferred port is given to its own name, and only while it is free", async () => {
  const options = {
    preferred: { a: 20_001, b: 20_002 },
    isFree: async (/** @type {number} */ port) => port !== 20_001,
    candidate: () => 20_007,
  };
  assert.deepEqual(await chooseFreePorts(["a", "b"], options), { a: 20_007, b: 20_002 });
});

test("a port that is promised to another instance is not given again", async () => {
  const candidates = [20_001, 20_002, 20_002, 20_003];
  const options = { taken: new Set([20_001]), isFree: async () => true, candidate: () => candidates.shift() ?? 0 };
  assert.deepEqual(await chooseFreePorts(["a", "b"], options), { a: 20_002, b: 20_003 });
});

test("a machine without a free port is told so instead of looked through forever", async () => {
  await assert.rejects(chooseFreePorts(["mqtt"], { isFree: async () => false }), /no free port for mqtt/);
});

for (const host of ["127.0.0.1", "0.0.0.0"]) {
  test(`a port on which somebody listens on ${host} is not free`, async () => {
    const server = createServer();
    await new Promise((resolve) => server.listen(0, host, () => resolve(undefined)));
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    assert.equal(await isPortFree(port), false);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await isPortFree(port), true);
  });
}
