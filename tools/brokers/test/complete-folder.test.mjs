import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { completeFolder } from "../complete-folder.mjs";
import { temporaryFolder } from "./temporary-folder.mjs";

test("of several who want a folder one fills it, and none gets it before it is complete", async (context) => {
  const target = join(temporaryFolder(context), "jars");
  let filled = 0;
  const want = async () => {
    await completeFolder(
      target,
      async (draft) => {
        filled += 1;
        writeFileSync(join(draft, "one.jar"), "");
        await new Promise(setImmediate);
        assert.equal(existsSync(target), false);
        writeFileSync(join(draft, "two.jar"), "");
      },
      () => {},
    );
    return readdirSync(target).sort();
  };
  const both = ["one.jar", "two.jar"];
  assert.deepEqual(await Promise.all([want(), want(), want()]), [both, both, both]);
  assert.equal(filled, 1);
});

test("what could not be filled is not there, and can be tried again", async (context) => {
  const folder = temporaryFolder(context);
  const target = join(folder, "jars");
  const failing = completeFolder(
    target,
    async (draft) => {
      writeFileSync(join(draft, "half.jar"), "");
      throw new Error("the network is down");
    },
    () => {},
  );
  await assert.rejects(failing, /the network is down/);
  assert.deepEqual(readdirSync(folder), []);
  await completeFolder(
    target,
    async (draft) => writeFileSync(join(draft, "whole.jar"), ""),
    () => {},
  );
  assert.deepEqual(readdirSync(target), ["whole.jar"]);
});
