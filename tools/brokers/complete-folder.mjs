import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";

import { withFileLock } from "./file-lock.mjs";

/**
 * Provides a folder that appears only when it is complete, and is never replaced: somebody may be running what is in it. Of several processes that
 * want it at the same time one fills it and the others wait.
 *
 * @param {string} target in a folder that exists
 * @param {(draft: string) => Promise<void>} fill gets an empty folder, which becomes the target
 * @param {(line: string) => void} log
 * @returns {Promise<void>}
 */
export async function completeFolder(target, fill, log) {
  await withFileLock(
    `${target}.lock`,
    async () => {
      if (existsSync(target)) {
        return;
      }
      const draft = `${target}.draft`;
      rmSync(draft, { recursive: true, force: true });
      mkdirSync(draft);
      try {
        await fill(draft);
        renameSync(draft, target);
      } finally {
        rmSync(draft, { recursive: true, force: true });
      }
    },
    { onWait: (pid) => log(`waiting for process ${pid}, which is making ${target} …`) },
  );
}
