import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { withFileLock } from "../file-lock.mjs";
import { processIdentity } from "../process-identity.mjs";
import { temporaryFolder } from "./temporary-folder.mjs";

test("work under the same lock never overlaps, and the lock is gone afterwards", async (context) => {
  const path = join(temporaryFolder(context), "lock");
  let inside = 0;
  const work = () =>
    withFileLock(
      path,
      async () => {
        inside += 1;
        assert.equal(inside, 1);
        await sleep(5);
        inside -= 1;
        return "done";
      },
      { pollMs: 2 },
    );
  assert.deepEqual(await Promise.all([work(), work(), work(), work()]), ["done", "done", "done", "done"]);
  assert.equal(existsSync(path), false);
});

test("a failure releases the lock", async (context) => {
  const folder = temporaryFolder(context);
  const path = join(folder, "lock");
  await assert.rejects(
    withFileLock(path, () => Promise.reject(new Error("broken"))),
    /broken/,
  );
  assert.deepEqual(readdirSync(folder), []);
});

test("the lock of a process that is gone is taken over", async (context) => {
  const path = join(temporaryFolder(context), "lock");
  const child = spawn(process.execPath, ["-e", ""]);
  const holder = { pid: child.pid, identity: processIdentity(child.pid ?? 0), token: "gone" };
  await once(child, "exit");
  writeFileSync(path, JSON.stringify(holder));
  assert.equal(await withFileLock(path, async () => "mine"), "mine");
});

test("the lock of another process that got the holder's id is taken over", async (context) => {
  const path = join(temporaryFolder(context), "lock");
  writeFileSync(path, JSON.stringify({ pid: process.pid, identity: "another life", token: "gone" }));
  assert.equal(await withFileLock(path, async () => "mine"), "mine");
});

test("who waits is told for whom", async (context) => {
  const path = join(temporaryFolder(context), "lock");
  /** @type {number[]} */
  const waitedFor = [];
  const first = withFileLock(path, () => sleep(30));
  await withFileLock(path, async () => {}, { pollMs: 5, onWait: (pid) => waitedFor.push(pid) });
  await first;
  assert.deepEqual(waitedFor, [process.pid]);
});

test("a file that is no lock is not removed", async (context) => {
  const path = join(temporaryFolder(context), "lock");
  writeFileSync(path, "something else");
  await assert.rejects(
    withFileLock(path, async () => {}),
    /is not a lock of ours/,
  );
  assert.ok(existsSync(path));
});
