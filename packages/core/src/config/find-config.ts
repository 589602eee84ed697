import { ConfigError } from "../errors.ts";
import type { PartialBusConfig } from "./bus-config.ts";
import { schemeOf } from "./broker-url.ts";
import { isPlainObject } from "./config-section.ts";
import { objectSource } from "./config-source.ts";
import type { ConfigSource } from "./config-source.ts";
import type { Surroundings } from "./host-contract.ts";
import { host } from "#host";
import { yamlSource } from "./yaml-source.ts";

/** A configuration that was found, not yet understood. */
export interface FoundConfig {
  readonly source: ConfigSource;
  /** What a person should read. */
  readonly warnings: readonly string[];
}

/** The configuration file in the working directory that needs no mention. */
export const defaultFile = "busbar.yaml";

/**
 * Finds the configuration: the argument (an object, a broker's URL, or a file's name or URL), else the file in
 * `BUSBAR_CONFIG`, else the broker in `BUSBAR_URL`, else `./busbar.yaml`, else the broker in memory with a warning.
 * Throws `ConfigError` where a named file cannot be read, and in production instead of taking the broker in memory: it
 * would lose data by accident.
 */
export function findConfig(config: PartialBusConfig | string | URL | undefined, around: Surroundings): FoundConfig {
  if (config !== undefined) return { source: givenSource(config, around), warnings: [] };
  const { environment } = around;
  const file = environment["BUSBAR_CONFIG"];
  const url = environment["BUSBAR_URL"];
  if (isSet(file)) {
    const warnings = isSet(url) ? ["BUSBAR_URL has no effect, because BUSBAR_CONFIG names a file."] : [];
    return { source: fileSource(file, "BUSBAR_CONFIG", around), warnings };
  }
  const here = host.exists(host.pathOf(around.folder, defaultFile));
  if (isSet(url)) {
    const warnings = here ? [`${defaultFile} is not read, because BUSBAR_URL is set.`] : [];
    return { source: { ...urlSource(url, around), file: "BUSBAR_URL" }, warnings };
  }
  if (here) return { source: fileSource(defaultFile, defaultFile, around), warnings: [] };
  if (environment["NODE_ENV"] === "production") {
    throw new ConfigError([
      `There is no configuration, and NODE_ENV is production: set BUSBAR_URL or BUSBAR_CONFIG, or write ./${defaultFile}. If messages may be lost with this process, say so with BUSBAR_URL=memory:`,
    ]);
  }
  return {
    source: urlSource("memory:", around),
    warnings: [
      `There is no configuration, so messages stay in this process's memory; set BUSBAR_URL or BUSBAR_CONFIG, or write ./${defaultFile}.`,
    ],
  };
}

/**
 * The names of the brokers in a configuration, in order; whether it is right is not looked at. Throws as `findConfig`
 * does.
 */
export function brokerNames(
  config: PartialBusConfig | string | URL | undefined,
  around: Surroundings = host.surroundings(),
): readonly string[] {
  const { value } = findConfig(config, around).source;
  const brokers = isPlainObject(value) ? value["brokers"] : undefined;
  return isPlainObject(brokers) ? Object.keys(brokers) : [];
}

function givenSource(config: PartialBusConfig | string | URL, around: Surroundings): ConfigSource {
  if (typeof config === "object" && !(config instanceof URL)) return objectSource(config, around.folder);
  const text = String(config);
  if (text.startsWith("file:")) return fileSource(text, "connect()", around);
  const isFile = schemeOf(text) === undefined && /\.(?:ya?ml|json)$/i.test(text);
  return isFile ? fileSource(text, "connect()", around) : urlSource(text, around);
}

function urlSource(url: string, { folder }: Surroundings): ConfigSource {
  return objectSource({ brokers: { main: url } }, folder);
}

function fileSource(name: string, namedBy: string, { environment, folder }: Surroundings): ConfigSource {
  const path = host.pathOf(folder, name);
  let text: string;
  try {
    text = host.read(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
    throw new ConfigError([`${namedBy} names the file ${path}, which cannot be read (${code}).`], { cause });
  }
  return yamlSource({ text, file: host.shownName(path, folder), folder: host.folderOf(path), environment });
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}
