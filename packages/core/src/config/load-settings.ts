import type { BusSettings, Logger } from "../bus/settings.ts";
import type { Codec } from "../contract/index.ts";
import { ConfigError } from "../errors.ts";
import type { PartialBusConfig } from "./bus-config.ts";
import { ConfigReading } from "./config-section.ts";
import type { Section } from "./config-section.ts";
import { consoleLogger } from "./console-logger.ts";
import { findConfig } from "./find-config.ts";
import type { Surroundings } from "./host-contract.ts";
import { host } from "#host";
import { readBrokers } from "./read-brokers.ts";
import type { ReadyBroker } from "./read-brokers.ts";
import { readPolicies, readRoutes } from "./read-patterns.ts";
import type { Environment } from "./variables.ts";

const fileKeys = ["service", "instance", "brokers", "routes", "policies", "start", "connectTimeoutMs"];
const codeKeys = ["codecs", "logger"];
const identityShape = /^[A-Za-z0-9_-]{1,64}$/;
const identityRule = 'has to be 1 to 64 letters, digits, "_" and "-"';

/**
 * Finds and checks a configuration and fills in every default. Reads files, but opens nothing and loads no adapter.
 * Throws one `ConfigError` with all problems.
 *
 * @param config As for `connect`.
 * @param ready Drivers that are there already, after those of the configuration. Without a configuration they are all
 * there are.
 */
export function loadSettings(
  config?: PartialBusConfig | string | URL,
  surroundings: Surroundings = host.surroundings(),
  ready: readonly ReadyBroker[] = [],
): BusSettings {
  const { source, warnings } = findConfig(config ?? (ready.length === 0 ? undefined : {}), surroundings);
  const reading = new ConfigReading(source);
  const settings = readSettings(reading, surroundings, ready);
  if (settings === undefined || reading.problems.length > 0) throw new ConfigError(reading.problems);
  for (const warning of warnings) settings.logger.warn(warning);
  return settings;
}

function readSettings(
  reading: ConfigReading,
  around: Surroundings,
  ready: readonly ReadyBroker[],
): BusSettings | undefined {
  const { value, file } = reading.source;
  // A text that could not be parsed has its problem already.
  if (value === undefined && reading.problems.length > 0) return undefined;
  const root = reading.section(value, [], { known: file === undefined ? [...fileKeys, ...codeKeys] : fileKeys });
  if (root === undefined) return undefined;
  const { environment } = around;
  const service = readIdentity("service", "BUSBAR_SERVICE", root, reading, environment) ?? "app";
  const instance = readIdentity("instance", "BUSBAR_INSTANCE", root, reading, environment);
  const connectTimeoutMs = root.duration("connectTimeoutMs", 1) ?? 10_000;
  const brokers = readBrokers(root, reading, { clientName: service, connectTimeoutMs, ready });
  const configured = root.section("brokers", {})?.entries() ?? [];
  const names = [...configured.map(([name]) => name), ...ready.map(({ name }) => name)];
  return {
    service,
    instance: instance ?? instanceOf(around.hostname),
    instanceGiven: instance !== undefined,
    production: environment["NODE_ENV"] === "production",
    brokers,
    routes: readRoutes(root, names, reading),
    policies: readPolicies(root, names, reading),
    codecs: readCodecs(root, reading),
    start: root.choice("start", ["foreground", "background"]) ?? "foreground",
    connectTimeoutMs,
    logger: readLogger(root, reading),
  };
}

/** A name of this process: code says it first, then the environment, then a file. */
function readIdentity(
  key: string,
  variable: string,
  root: Section,
  reading: ConfigReading,
  environment: Environment,
): string | undefined {
  const configured = root.text(key);
  if (configured !== undefined && !identityShape.test(configured)) reading.report([key], identityRule);
  const fromEnvironment = environment[variable];
  if (fromEnvironment === undefined || fromEnvironment === "") return configured;
  if (configured !== undefined && reading.source.file === undefined) return configured;
  if (!identityShape.test(fromEnvironment)) reading.add(`${variable} ${identityRule}`);
  return fromEnvironment;
}

/** A host's name as an instance: dots and the like become hyphens. */
function instanceOf(hostname: string): string {
  return hostname.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 64) || "host";
}

function readCodecs(root: Section, reading: ConfigReading): readonly Codec[] {
  const value = root.raw("codecs");
  if (value === undefined) return [];
  const isCodecs = Array.isArray(value) && value.every(isCodec);
  if (!isCodecs)
    reading.report(root.at("codecs"), "has to be a list of codecs, each with contentType, encode and decode");
  return isCodecs ? [...(value as readonly Codec[])] : [];
}

function isCodec(value: unknown): value is Codec {
  if (typeof value !== "object" || value === null) return false;
  const { contentType, encode, decode } = value as Partial<Record<keyof Codec, unknown>>;
  return typeof contentType === "string" && typeof encode === "function" && typeof decode === "function";
}

function readLogger(root: Section, reading: ConfigReading): Logger {
  const value = root.raw("logger") as Partial<Logger> | undefined;
  if (value === undefined) return consoleLogger;
  if (
    typeof value === "object" &&
    [value.info, value.warn, value.error].every((method) => typeof method === "function")
  )
    return value as Logger;
  reading.report(root.at("logger"), "has to have info, warn and error");
  return consoleLogger;
}
