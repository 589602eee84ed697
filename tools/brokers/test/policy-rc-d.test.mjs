import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { withServicesHeldBack } from "../policy-rc-d.mjs";
import { temporaryFolder } from "./temporary-folder.mjs";

test("services are refused while the work runs, and no policy is left where there was none", async (context) => {
  const folder = temporaryFolder(context);
  const path = join(folder, "policy-rc.d");
  const status = await withServicesHeldBack(async () => spawnSync(path).status, path);
  assert.equal(status, 101);
  assert.deepEqual(readdirSync(folder), []);
});

test("the policy that was there comes back as it was, also after a failure", async (context) => {
  const path = join(temporaryFolder(context), "policy-rc.d");
  writeFileSync(path, "#!/bin/sh\nexit 0\n", { mode: 0o750 });
  await assert.rejects(
    withServicesHeldBack(() => Promise.reject(new Error("no such package")), path),
    /no such package/,
  );
  assert.equal(readFileSync(path, "utf8"), "#!/bin/sh\nexit 0\n");
  assert.equal(statSync(path).mode & 0o777, 0o750);
});

test("a policy that is a link comes back as a link", async (context) => {
  const path = join(temporaryFolder(context), "policy-rc.d");
  symlinkSync("/nowhere/policy", path);
  await withServicesHeldBack(async () => {}, path);
  assert.ok(lstatSync(path).isSymbolicLink());
});

test("what an interrupted installation left behind is not taken for the owner's policy", async (context) => {
  const folder = temporaryFolder(context);
  const path = join(folder, "policy-rc.d");
  writeFileSync(path, "the owner's");
  await withServicesHeldBack(async () => {
    // The state of the disk if the process had been killed here, found by the next installation.
    const leftBehind = readFileSync(path);
    await withServicesHeldBack(async () => {}, path);
    assert.equal(readFileSync(path, "utf8"), "the owner's");
    renameSync(path, `${path}.busbar-saved`);
    writeFileSync(path, leftBehind);
  }, path);
  assert.equal(readFileSync(path, "utf8"), "the owner's");
  assert.equal(existsSync(`${path}.busbar-saved`), false);
});

test("a signal is carried out after the policy is back", (context) => {
  const path = join(temporaryFolder(context), "policy-rc.d");
  const module = new URL("../policy-rc-d.mjs", import.meta.url).href;
  const script = `
    import { withServicesHeldBack } from ${JSON.stringify(module)};
    await withServicesHeldBack(async () => {
      process.kill(process.pid, "SIGTERM");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }, ${JSON.stringify(path)});
    await new Promise((resolve) => setTimeout(resolve, 5_000));`;
  const { signal } = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
  assert.equal(signal, "SIGTERM");
  assert.equal(existsSync(path), false);
});
