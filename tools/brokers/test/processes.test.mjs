import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

import { endFamily, markVariable, processesUnder } from "../process-family.mjs";
import { isSameProcess, processIdentity } from "../process-identity.mjs";

/**
 * @param {string} mark
 * @param {string} script
 */
async function startMarked(mark, script) {
  const child = spawn("/bin/sh", ["-c", `echo started; ${script}`], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, [markVariable]: mark },
  });
  await once(child.stdout, "data");
  return child;
}

test("a process is known again by its id and identity, until it ends", async () => {
  const child = await startMarked(randomUUID(), "exec sleep 60");
  const identity = processIdentity(child.pid ?? 0);
  assert.ok(identity);
  assert.ok(isSameProcess(child.pid, identity));
  assert.ok(!isSameProcess(child.pid, `${identity}0`));
  assert.ok(!isSameProcess(undefined, identity));
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.ok(!isSameProcess(child.pid, identity));
});

test("a whole family ends, with those that left the group and those that ignore SIGTERM", async () => {
  const mark = randomUUID();
  const leader = await startMarked(mark, "setsid sleep 60 & (trap '' TERM; while :; do sleep 0.1; done) & wait");
  const deadline = Date.now() + 5_000;
  while (processesUnder(mark).length < 3 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await endFamily({ mark, leader: leader.pid, timeoutMs: 200 });
  assert.deepEqual(processesUnder(mark), []);
});

test("a frozen process ends too", async () => {
  const mark = randomUUID();
  const child = await startMarked(mark, "exec sleep 60");
  process.kill(child.pid ?? 0, "SIGSTOP");
  const begin = Date.now();
  await endFamily({ mark, leader: child.pid, timeoutMs: 20_000 });
  assert.ok(Date.now() - begin < 10_000);
  assert.deepEqual(processesUnder(mark), []);
});

test("processes under another mark are left alone", async () => {
  const [mine, other] = [randomUUID(), randomUUID()];
  const stranger = await startMarked(other, "exec sleep 60");
  await endFamily({ mark: mine, leader: stranger.pid, timeoutMs: 100 });
  assert.deepEqual(processesUnder(other), [stranger.pid]);
  await endFamily({ mark: other, leader: stranger.pid, signal: "SIGKILL", timeoutMs: 100 });
});
