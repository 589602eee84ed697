import type { Plugin } from "vite";

/** Ends a build that would carry anything of Node into a browser: a module of Node's own, or the empty one that Vite puts in its place. */
export function withoutNode(): Plugin {
  return {
    name: "without-node",
    generateBundle(_options, output) {
      for (const part of Object.values(output)) {
        if (part.type !== "chunk") continue;
        const modules = [...part.moduleIds, ...part.imports, ...part.dynamicImports];
        const ofNode = modules.filter((id) => id.includes("__vite-browser-external") || id.startsWith("node:"));
        if (ofNode.length > 0) this.error(`No browser has ${ofNode.join(", ")}, which ${part.fileName} needs.`);
      }
    },
  };
}
