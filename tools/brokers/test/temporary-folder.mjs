import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Gives a test a folder of its own that is removed when the test ends.
 *
 * @param {import("node:test").TestContext} context
 * @returns {string}
 */
export function temporaryFolder(context) {
  const folder = mkdtempSync(join(tmpdir(), "busbar-brokers-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
