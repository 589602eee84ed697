import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { installSize } from "../install-size.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "busbar-install-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Makes a package with one file of 1,000 bytes; returns what its package.json takes. */
function make(path: string, manifest: Readonly<Record<string, unknown>>): number {
  const text = JSON.stringify(manifest);
  mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, path, "package.json"), text);
  writeFileSync(join(folder, path, "index.js"), "x".repeat(1000));
  return text.length;
}

describe("the size of an installation", () => {
  it("counts each package once, with what it needs and the peers that are not optional", () => {
    const manifests = [
      make("app", {
        dependencies: { one: "1" },
        peerDependencies: { two: "1", never: "1" },
        peerDependenciesMeta: { never: { optional: true } },
        files: ["index.js"],
      }),
      make("node_modules/one", { dependencies: { two: "1" } }),
      make("node_modules/two", { dependencies: { one: "1" } }),
    ];
    make("node_modules/never", {});
    const found = installSize(join(folder, "app"));
    expect(found).toEqual({ packages: 3, bytes: 3000 + manifests.reduce((sum, bytes) => sum + bytes, 0) });
  });

  it("counts of a checkout only what is published, and the nearest of two versions", () => {
    const manifest = make("app", { dependencies: { one: "1" }, files: ["index.js"] });
    writeFileSync(join(folder, "app", "notes.md"), "y".repeat(5000));
    const nested = make("app/node_modules/one", { version: "2.0.0-nested" });
    make("node_modules/one", { version: "1" });
    expect(installSize(join(folder, "app"))).toEqual({ packages: 2, bytes: 2000 + manifest + nested });
  });

  it("says what is missing", () => {
    make("app", { dependencies: { gone: "1" } });
    expect(() => installSize(join(folder, "app"))).toThrow("gone, which");
  });
});
