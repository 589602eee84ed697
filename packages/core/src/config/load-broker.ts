import type { Adapter, AdapterOptions, Broker } from "../contract/index.ts";
import { ConfigError } from "../errors.ts";
import { lookUpAdapter } from "#adapter-lookup";
import { packageOf } from "./adapter-schemes.ts";
import { isAdapter } from "./adapter-shape.ts";
import { schemeOf } from "./broker-url.ts";
import { problemAt } from "./config-source.ts";
import type { ConfigPath, ConfigSource } from "./config-source.ts";

/** What a driver is made from, and where the configuration says so. */
export interface BrokerDescription {
  readonly name: string;
  /** Absent: the scheme of the URL names it. */
  readonly adapter: string | Adapter | undefined;
  readonly options: AdapterOptions<Readonly<Record<string, unknown>>>;
  /** The topics that the configuration names for it. */
  readonly topics: readonly string[];
  readonly source: ConfigSource;
  readonly path: ConfigPath;
}

/**
 * Loads the adapter and makes the driver; no I/O with the broker. Rejects with a `ConfigError`:
 * `BUSBAR_ADAPTER_NOT_FOUND` where the package is not installed, else with what the adapter says of its options, each
 * problem with its place in the configuration.
 */
export async function loadBroker(description: BrokerDescription): Promise<Broker> {
  const { name, options, topics, source, path } = description;
  const scheme = schemeOf(options.url) ?? "";
  const adapter = await adapterOf(description, scheme);
  if (!adapter.schemes.includes(scheme)) {
    const schemes = adapter.schemes.map((known) => `${known}:`).join(" ");
    throw new ConfigError([problemAt(source, path, `the adapter "${adapter.name}" takes ${schemes}, not ${scheme}:`)], {
      broker: name,
    });
  }
  const unfit = adapter.topicProblems?.(topics) ?? [];
  if (unfit.length > 0) {
    const problems = unfit.map((problem) => problemAt(source, path, problem));
    throw new ConfigError(problems, { broker: name });
  }
  try {
    return adapter.create(options);
  } catch (error) {
    if (!ConfigError.is(error) || error.code !== "BUSBAR_CONFIG") throw error;
    const problems = "problems" in error ? (error.problems as readonly string[]) : [error.message];
    throw new ConfigError(
      problems.map((problem) => problemAt(source, path, problem)),
      { broker: name, cause: error },
    );
  }
}

async function adapterOf({ adapter, name, source, path }: BrokerDescription, scheme: string): Promise<Adapter> {
  if (typeof adapter === "object") return adapter;
  const packageName = adapter ?? packageOf(scheme) ?? scheme;
  if (packageName === "memory") return (await import("../memory/memory-broker.ts")).adapter;
  const exported = await lookUpAdapter(packageName, {
    folder: source.folder,
    problem: (text) => problemAt(source, path, text),
    broker: name,
  });
  if (isAdapter(exported)) return exported;
  throw new ConfigError(
    [problemAt(source, path, `the package "${packageName}" exports no adapter; it has to export one called adapter`)],
    { broker: name },
  );
}
