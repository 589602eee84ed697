import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** What an installation takes on the disk. */
export interface InstallSize {
  readonly bytes: number;
  readonly packages: number;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly files?: readonly string[];
}

/**
 * Adds up a package and everything that is installed with it: dependencies of dependencies, and peers that are not optional, each once. Of a
 * package that lies here as a checkout, what would be published.
 */
export function installSize(folder: string): InstallSize {
  const seen = new Map<string, number>();
  const waiting = [realpathSync(folder)];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (seen.has(place)) continue;
    const manifest = JSON.parse(readFileSync(join(place, "package.json"), "utf8")) as Manifest;
    seen.set(place, sizeOf(place, place.includes("node_modules") ? undefined : manifest.files));
    for (const name of neededBy(manifest)) waiting.push(placeOf(name, place));
  }
  return { bytes: [...seen.values()].reduce((sum, bytes) => sum + bytes, 0), packages: seen.size };
}

function neededBy({ dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }: Manifest): string[] {
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
  return [...Object.keys(dependencies), ...peers];
}

/** Where Node finds a package from a folder. */
function placeOf(name: string, from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const place = join(folder, "node_modules", name);
    if (existsSync(join(place, "package.json"))) return realpathSync(place);
    if (folder === dirname(folder)) throw new Error(`${name}, which ${from} needs, is not installed.`);
  }
}

function sizeOf(place: string, published: readonly string[] | undefined): number {
  if (statSync(place).isFile()) return statSync(place).size;
  return readdirSync(place)
    .filter((name) => name !== "node_modules" && !name.endsWith(".tsbuildinfo"))
    .filter((name) => published === undefined || name === "package.json" || published.includes(name))
    .reduce((sum, name) => sum + sizeOf(join(place, name), undefined), 0);
}
