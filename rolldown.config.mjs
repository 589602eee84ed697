import { readdirSync, readFileSync, rmSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import { defineConfig } from "rolldown";

// Builds the package in whose folder it runs. Node pays for each file that it loads, so a folder of sources becomes one file, with what it
// needs from others, and the entries of the package.json lead into these: docs/decisions/0012-a-file-for-each-folder.md.

const { name, exports, imports = {} } = JSON.parse(readFileSync("package.json", "utf8"));

const entries = sourcesIn({ ...exports, ...imports }).map((source) => relative("src", source));

/**
 * The sources that the package.json leads to, under whatever conditions.
 *
 * @param {object} targets
 * @returns {string[]}
 */
function sourcesIn(targets) {
  return Object.entries(targets).flatMap(([key, target]) => {
    if (key === "@busbar/source") return [target];
    return typeof target === "object" ? sourcesIn(target) : [];
  });
}

/**
 * The name of the file that a source goes to: its folder's, or the package's where it lies in none. An entry keeps one of its own, which
 * exports what the entry does and nothing else.
 *
 * @param {string} id
 */
function fileOf(id) {
  const source = relative("src", id);
  if (entries.includes(source)) return null;
  const [folder = "", ...inFolder] = source.split(sep);
  return inFolder.length > 0 ? folder : name.replace("@busbar/", "");
}

export default defineConfig({
  input: Object.fromEntries(entries.map((entry) => [entry.replace(/\.ts$/, ""), join("src", entry)])),
  // Packages stay outside, the imports of this one's package.json too: they are settled where it runs.
  external: (id) => !id.startsWith(".") && !isAbsolute(id),
  platform: "neutral",
  tsconfig: "tsconfig.json",
  logLevel: "warn",
  output: {
    dir: "dist",
    chunkFileNames: "[name].js",
    codeSplitting: { groups: [{ name: fileOf, debugName: "folders" }] },
  },
  plugins: [
    {
      name: "forget-the-build-before",
      buildStart() {
        for (const file of readdirSync("dist", { recursive: true, encoding: "utf8" })) {
          if (file.endsWith(".js")) rmSync(join("dist", file));
        }
      },
    },
  ],
});
