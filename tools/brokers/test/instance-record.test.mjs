import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { cpSync, existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { isAlive, isOrphaned, readRecord, removeInstance, writeRecord } from "../instance-record.mjs";
import { markVariable, processesUnder } from "../process-family.mjs";
import { processIdentity } from "../process-identity.mjs";
import { temporaryFolder } from "./temporary-folder.mjs";

const self = { pid: process.pid, identity: processIdentity(process.pid) };

/** @param {string} folder */
function recordIn(folder) {
  return {
    name: "mosquitto",
    folder,
    mark: randomUUID(),
    ports: { mqtt: 20_001 },
    urls: { mqtt: "mqtt://127.0.0.1:20001" },
  };
}

/** @param {import("node:test").TestContext} context */
async function recordOfRunningProcess(context) {
  const record = recordIn(temporaryFolder(context));
  const child = spawn("/bin/sh", ["-c", "echo started; exec sleep 60"], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, [markVariable]: record.mark },
  });
  context.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  writeRecord({ ...record, pid: child.pid ?? 0, identity: processIdentity(child.pid ?? 0) ?? "" });
  return record;
}

test("a record is read as it was written", (context) => {
  const record = recordIn(temporaryFolder(context));
  writeRecord(record);
  assert.deepEqual(readRecord(record.folder), record);
});

test("a folder without a record, or with half a one, has none", (context) => {
  const folder = temporaryFolder(context);
  assert.equal(readRecord(folder), undefined);
  writeFileSync(join(folder, "instance.json"), '{"name": "mosq');
  assert.equal(readRecord(folder), undefined);
});

test("an instance is alive only while its own process runs, not another one under the same id", () => {
  const record = recordIn("/nowhere");
  assert.equal(isAlive(record), false);
  assert.equal(isAlive({ ...record, pid: process.pid, identity: self.identity ?? "" }), true);
  assert.equal(isAlive({ ...record, pid: process.pid, identity: "another life" }), false);
});

test("an instance is orphaned when its owner is gone, and never without an owner", () => {
  const record = recordIn("/nowhere");
  assert.equal(isOrphaned(record), false);
  assert.equal(isOrphaned({ ...record, owner: self }), false);
  assert.equal(isOrphaned({ ...record, owner: { pid: process.pid, identity: "another life" } }), true);
});

test("removing an instance ends its processes and leaves no folder", async (context) => {
  const { folder, mark } = await recordOfRunningProcess(context);
  assert.equal(await removeInstance(folder), true);
  assert.deepEqual(processesUnder(mark), []);
  assert.equal(existsSync(folder), false);
  assert.equal(await removeInstance(folder), false);
});

test("a copy of a checkout does not touch what the original started", async (context) => {
  const { folder, mark } = await recordOfRunningProcess(context);
  const copy = join(temporaryFolder(context), "copy");
  cpSync(folder, copy, { recursive: true });
  assert.equal(readRecord(copy), undefined);
  await removeInstance(copy);
  assert.equal(existsSync(copy), false);
  assert.equal(processesUnder(mark).length, 1);
});

test("a moved checkout ends what it started before", async (context) => {
  const { folder, mark } = await recordOfRunningProcess(context);
  const moved = join(temporaryFolder(context), "moved");
  renameSync(folder, moved);
  assert.equal(readRecord(moved), undefined);
  await removeInstance(moved);
  assert.deepEqual(processesUnder(mark), []);
});
