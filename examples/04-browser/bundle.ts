import { fileURLToPath } from "node:url";
import { build } from "vite";

/** Bundles the page for browsers, as one would with any other: nothing of it is about the bus. Resolves to the folder with the result. */
export async function bundle(outDir: string): Promise<string> {
  await build({
    root: fileURLToPath(new URL(".", import.meta.url)),
    logLevel: "warn",
    configFile: false,
    base: "./",
    build: { outDir, emptyOutDir: true, target: "es2022" },
  });
  return outDir;
}
