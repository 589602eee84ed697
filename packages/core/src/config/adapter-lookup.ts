import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { BusError, ConfigError } from "../errors.ts";

/** Who asks for an adapter. */
export interface AdapterRequest {
  /** The configuration file's folder, or the working directory. */
  readonly folder: string;
  /** Says where in the configuration the adapter is asked for. */
  readonly problem: (text: string) => string;
  readonly broker: string;
}

/**
 * Imports what a package exports as `adapter`. The package is looked for from here, then from the configuration's
 * folder, the program's folder and the working directory: a package manager that keeps packages apart does not let core
 * see what only the application depends on. A name that begins with `.` is a file relative to the configuration's
 * folder.
 *
 * Rejects with a `ConfigError`: `BUSBAR_ADAPTER_NOT_FOUND` with the command that installs it, `BUSBAR_CONFIG` where it
 * is there and cannot be used.
 */
export async function lookUpAdapter(packageName: string, request: AdapterRequest): Promise<unknown> {
  const { problem, broker } = request;
  const url = besideCore(packageName) ?? (await find(packageName, request));
  try {
    const module = (await import(url)) as { readonly adapter?: unknown };
    return module.adapter;
  } catch (cause) {
    if (BusError.is(cause)) throw cause;
    throw new ConfigError(
      [problem(`the package "${packageName}" is installed, but cannot be loaded: ${asError(cause).message}`)],
      {
        broker,
        cause,
      },
    );
  }
}

/** Where most adapters are, found without loading what finds the others. */
function besideCore(packageName: string): string | undefined {
  if (packageName.startsWith(".")) return undefined;
  try {
    return import.meta.resolve(packageName);
  } catch {
    return undefined;
  }
}

/** The folders to look from; `undefined` is this file's own. */
function foldersOf({ folder }: AdapterRequest): (string | undefined)[] {
  const program = process.argv[1];
  return [undefined, folder, ...(program === undefined ? [] : [programFolder(program)]), process.cwd()];
}

function programFolder(program: string): string {
  try {
    return dirname(realpathSync(program));
  } catch {
    return dirname(program);
  }
}

async function find(packageName: string, request: AdapterRequest): Promise<string> {
  const { problem, broker } = request;
  const folders = packageName.startsWith(".") ? [request.folder] : foldersOf(request);
  const conditions = importConditions();
  const { moduleResolve } = await import("import-meta-resolve");
  let unusable: Error | undefined;
  for (const folder of folders) {
    // Only the folder of this name counts, the file need not be there.
    const from = folder === undefined ? new URL(import.meta.url) : pathToFileURL(join(folder, "busbar.js"));
    try {
      return moduleResolve(packageName, from, conditions).href;
    } catch (error) {
      if (!isNotFound(error)) unusable ??= asError(error);
    }
    const patched = resolvePatched(packageName, from);
    if (patched !== undefined) return patched;
  }
  if (unusable !== undefined) {
    throw new ConfigError([problem(`the package "${packageName}" cannot be used: ${unusable.message}`)], {
      broker,
      cause: unusable,
    });
  }
  const advice = packageName.startsWith(".")
    ? "there is no such file"
    : `it is not installed; run: npm install ${packageName}`;
  throw new ConfigError([problem(`needs the adapter "${packageName}", and ${advice}`)], {
    broker,
    code: "BUSBAR_ADAPTER_NOT_FOUND",
  });
}

/** Where a package manager replaces Node's resolution (Yarn's Plug'n'Play), it does so for `require`. */
function resolvePatched(packageName: string, from: URL): string | undefined {
  if (process.versions["pnp"] === undefined) return undefined;
  try {
    return pathToFileURL(createRequire(from).resolve(packageName)).href;
  } catch {
    return undefined;
  }
}

/** Those of `import`, with what Node was started with (`--conditions`), as a plain `import` would have them. */
function importConditions(): Set<string> {
  const options = [...(process.env["NODE_OPTIONS"]?.split(/\s+/) ?? []), ...process.execArgv];
  const conditions = new Set(["node", "import"]);
  for (const [index, option] of options.entries()) {
    const [, name, value] = /^(-C|--conditions)(?:=(.*))?$/.exec(option) ?? [];
    const condition = name === undefined ? undefined : (value ?? options[index + 1]);
    if (condition !== undefined) conditions.add(condition);
  }
  return conditions;
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
