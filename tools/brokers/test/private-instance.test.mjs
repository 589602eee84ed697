// The one test here that starts a broker: the smallest one, and only where it is installed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { BrokerStartError, canStartInstance, startInstance } from "../index.mjs";
import { mqttAccepts } from "../probes/mqtt.mjs";

const skip = (await canStartInstance("mosquitto")) ? false : "mosquitto is not installed";

/** @param {import("../index.mjs").BrokerInstance} instance */
function answer({ urls }) {
  return Promise.all(
    Object.values(urls)
      .slice(0, 1)
      .map((url) => mqttAccepts({ url: new URL(url) })),
  );
}

test("a private broker restarts on its ports and leaves nothing behind", { skip }, async (context) => {
  const instance = await startInstance("mosquitto", { label: "test" });
  context.after(() => instance.destroy());
  const { pid, url } = instance;
  await answer(instance);
  await instance.restart();
  assert.notEqual(instance.pid, pid);
  assert.equal(instance.url, url);
  await answer(instance);

  await instance.stop({ signal: "SIGKILL" });
  assert.equal(instance.pid, undefined);
  await assert.rejects(answer(instance), /ECONNREFUSED/);
  await instance.start();
  await instance.destroy();
  assert.equal(instance.pid, undefined);
  assert.equal(existsSync(instance.folder), false);
});

test("a private broker takes credentials, and its readiness uses them", { skip }, async (context) => {
  const credentials = { username: "cook", password: "salt" };
  const instance = await startInstance("mosquitto", { label: "test", config: { credentials } });
  context.after(() => instance.destroy());
  await assert.rejects(answer(instance), /return code 5/);
  await mqttAccepts({ url: new URL(instance.url), credentials });
});

test("a broker that does not start shows the end of its log", { skip }, async () => {
  const failure = await startInstance("mosquitto", {
    label: "test",
    config: ({ folder }) => ({ settings: { no_such_setting: folder } }),
  }).then(
    () => assert.fail("it started"),
    (/** @type {unknown} */ error) => error,
  );
  assert.ok(failure instanceof BrokerStartError);
  assert.match(failure.message, /ended before it answered[^]*broker\.log[^]*no_such_setting/);
});

test("a private broker ends with its owner, even when that is killed", { skip }, async () => {
  const index = new URL("../index.mjs", import.meta.url).href;
  const script = `
    import { startInstance } from ${JSON.stringify(index)};
    const instance = await startInstance("mosquitto", { label: "test" });
    console.log(instance.folder);
    setInterval(() => {}, 1_000);`;
  const owner = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output] = await once(owner.stdout, "data");
  const folder = String(output).trim();
  assert.ok(existsSync(folder));
  owner.kill("SIGKILL");
  for (let attempt = 0; existsSync(folder) && attempt < 200; attempt += 1) {
    await sleep(50);
  }
  assert.equal(existsSync(folder), false);
});
