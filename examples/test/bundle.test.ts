import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { afterAll, describe, expect, it } from "vitest";
import { bundle } from "../04-browser/bundle.ts";
import { withoutNode } from "../04-browser/without-node.ts";

describe("a bundle for browsers", () => {
  const folder = mkdtempSync(join(tmpdir(), "busbar-bundle-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("of core and the MQTT adapter has nothing of Node in it, not even an empty stand-in", async () => {
    const out = await bundle(join(folder, "page"), ["@busbar/source"]);
    const scripts = readdirSync(out, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));
    const code = scripts.map((name) => readFileSync(join(out, name), "utf8")).join("\n");
    expect(code).toContain("busbar");
    expect(code).not.toMatch(/__vite-browser-external|["']node:/);
  });

  it.each([
    ["a module of Node's own", 'import { readFileSync } from "node:fs";\nconsole.log(readFileSync);\n'],
    ["one without its prefix", 'import * as net from "net";\nconsole.log(net);\n'],
    ["one that is imported later", 'import("node:tls").then(console.log);\n'],
  ])("is not made with %s", async (_, code) => {
    writeFileSync(join(folder, "entry.js"), code);
    const building = build({
      root: folder,
      logLevel: "silent",
      configFile: false,
      plugins: [withoutNode()],
      build: { outDir: join(folder, "out"), rolldownOptions: { input: join(folder, "entry.js") } },
    });
    await expect(building).rejects.toThrow("No browser has");
  });
});
