import { fileURLToPath } from "node:url";
import { build, defaultClientConditions } from "vite";
import { withoutNode } from "./without-node.ts";

/**
 * Bundles the page for browsers, as one would with any other: nothing of it is about the bus. Resolves to the folder with the result; rejects where
 * it would need Node.
 * `conditions` choose among what packages export, beside the usual ones: this repository's packages have one for their sources.
 */
export async function bundle(outDir: string, conditions: readonly string[] = []): Promise<string> {
  await build({
    root: fileURLToPath(new URL(".", import.meta.url)),
    logLevel: "warn",
    configFile: false,
    plugins: [withoutNode()],
    base: "./",
    resolve: { conditions: [...conditions, ...defaultClientConditions] },
    build: { outDir, emptyOutDir: true, target: "es2022" },
  });
  return outDir;
}
