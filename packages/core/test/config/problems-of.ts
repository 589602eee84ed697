import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { Logger } from "../../src/bus/settings.ts";
import type { BusConfig } from "../../src/config/bus-config.ts";
import type { Surroundings } from "../../src/config/host-contract.ts";
import { loadSettings } from "../../src/config/load-settings.ts";
import { ConfigError } from "../../src/errors.ts";

/** A folder with these files that lasts as long as the test. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "busbar-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** Surroundings with nothing in them but what is given. */
export function surroundings(folder = "/nowhere", environment: Readonly<Record<string, string>> = {}): Surroundings {
  return { environment, folder, hostname: "host.example" };
}

/** A logger that keeps what it is told. */
export function quietLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (message: string): void => void lines.push(message);
  return { lines, info: keep, warn: keep, error: keep };
}

/** The problems of a configuration; empty where it has none. */
export function problemsOf(
  config: BusConfig | string | URL | undefined,
  around: Surroundings = surroundings(),
): readonly string[] {
  try {
    loadSettings(config, around);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** The problems of a `busbar.yaml`, without the name of the file: `3: service: …`. */
export function problemsOfYaml(text: string, environment: Readonly<Record<string, string>> = {}): readonly string[] {
  const around = surroundings(folderWith({ "busbar.yaml": text }), environment);
  return problemsOf(undefined, around).map((problem) => problem.replace(/^busbar\.yaml:/, ""));
}
