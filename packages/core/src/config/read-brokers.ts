import type { BrokerSettings, Fold, PublishSettings } from "../bus/settings.ts";
import type { Adapter, AdapterOptions, Broker, Credentials } from "../contract/index.ts";
import { isAdapter, isBroker } from "./adapter-shape.ts";
import { topicProblem } from "../topic/grammar.ts";
import { brokerUrlProblem } from "./broker-url.ts";
import type { ConfigPath } from "./config-source.ts";
import { isPlainObject, withoutAbsent } from "./config-section.ts";
import type { ConfigReading, Section } from "./config-section.ts";
import { loadBroker } from "./load-broker.ts";
import { checkTopic, readPattern, reportUnreachable } from "./read-patterns.ts";
import { readTls } from "./read-tls.ts";
import { topicFromFunction, topicFromTemplate, topicTemplateProblem } from "./topic-template.ts";

const brokerKeys = [
  "url",
  "adapter",
  "tls",
  "credentials",
  "fold",
  "publish",
  "topology",
  "native",
  "connectTimeoutMs",
];
const nameShape = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const defaultPublish: PublishSettings = { maxInFlight: 512, overflow: "wait", delivery: "at-least-once" };

/** What a broker takes from the configuration around it. */
export interface BrokerSurroundings {
  /** The name of this process as the broker's tools show it. */
  readonly clientName: string;
  readonly connectTimeoutMs: number;
  readonly ready: readonly ReadyBroker[];
}

/** What one of them takes. */
interface OneSurroundings extends BrokerSurroundings {
  /** The topics that `routes` lead to it one by one. */
  readonly routed: readonly string[];
}

/** A driver that is there already, and the name it is to have. */
export interface ReadyBroker {
  readonly name: string;
  readonly broker: Broker;
}

/** Reads `brokers`. */
export function readBrokers(root: Section, reading: ConfigReading, around: BrokerSurroundings): BrokerSettings[] {
  const entries = root.section("brokers", {})?.entries() ?? [];
  if (entries.length + around.ready.length === 0 && (!root.has("brokers") || isPlainObject(root.raw("brokers")))) {
    reading.report(["brokers"], 'there is none; name at least one, such as brokers: { main: "mqtt://127.0.0.1:1883" }');
  }
  const configured = entries.flatMap(([name, value, path]) => {
    checkName(name, path, reading);
    const settings = readBroker(name, value, path, reading, { ...around, routed: routedTo(name, root) });
    return settings === undefined ? [] : [settings];
  });
  const ready = around.ready.map(({ name, broker }, index) => {
    checkName(name, ["brokers", name], reading);
    const isTaken =
      root.section("brokers", {})?.has(name) === true || around.ready.findIndex((other) => other.name === name) < index;
    if (isTaken) reading.report(["brokers", name], "stands for two brokers; give each a name of its own");
    return readyBroker(name, broker);
  });
  return [...configured, ...ready];
}

function routedTo(broker: string, root: Section): string[] {
  const routes = root.raw("routes");
  if (!isPlainObject(routes)) return [];
  return Object.entries(routes).flatMap(([pattern, to]) =>
    to === broker && topicProblem(pattern) === undefined ? [pattern] : [],
  );
}

function checkName(name: string, path: ConfigPath, reading: ConfigReading): void {
  if (nameShape.test(name)) return;
  reading.report(path, 'a broker\'s name begins with a letter and has up to 64 letters, digits, "_" and "-"');
}

function readBroker(
  name: string,
  value: unknown,
  path: ConfigPath,
  reading: ConfigReading,
  around: OneSurroundings,
): BrokerSettings | undefined {
  if (isBroker(value)) return readyBroker(name, value);
  if (typeof value === "string") {
    const problem = brokerUrlProblem(value, false);
    if (problem !== undefined) return reading.report(path, problem);
    const options = { url: value, clientName: around.clientName, connectTimeoutMs: around.connectTimeoutMs };
    return fromAdapter(
      name,
      undefined,
      options,
      { folds: [], publish: defaultPublish, topics: around.routed },
      path,
      reading,
    );
  }
  if (!isPlainObject(value))
    return reading.report(
      path,
      `${value === null ? "is empty; it " : ""}has to be a URL or an object with ${brokerKeys.join(", ")}`,
    );
  const section = reading.section(value, path, { known: brokerKeys });
  return section && readDescribed(name, section, reading, around);
}

function readyBroker(name: string, broker: Broker): BrokerSettings {
  return { name, folds: [], publish: defaultPublish, load: () => Promise.resolve(broker) };
}

function readDescribed(
  name: string,
  section: Section,
  reading: ConfigReading,
  around: OneSurroundings,
): BrokerSettings | undefined {
  const adapter = readAdapter(section, reading);
  const url = section.requiredText("url");
  const problem = url === undefined ? undefined : brokerUrlProblem(url, section.raw("adapter") !== undefined);
  if (problem !== undefined) reading.report(section.at("url"), problem);
  const native = section.section("native", {});
  const options = {
    clientName: around.clientName,
    tls: readTls(section, reading),
    credentials: readCredentials(section),
    topology: section.choice("topology", ["create", "check", "assume"]),
    connectTimeoutMs: section.duration("connectTimeoutMs", 1) ?? around.connectTimeoutMs,
    native: native === undefined ? undefined : (section.raw("native") as Readonly<Record<string, unknown>>),
  };
  const folds = readFolds(section, reading);
  const topics = [...folds.map(({ target }) => target), ...around.routed];
  const use = { folds, publish: readPublish(section), topics };
  return url === undefined ? undefined : fromAdapter(name, adapter, { url, ...options }, use, section.path, reading);
}

function fromAdapter(
  name: string,
  adapter: string | Adapter | undefined,
  options: AdapterOptions<Readonly<Record<string, unknown>>>,
  { folds, publish, topics }: Pick<BrokerSettings, "folds" | "publish"> & { readonly topics: readonly string[] },
  path: ConfigPath,
  reading: ConfigReading,
): BrokerSettings {
  const { source } = reading;
  return {
    name,
    folds,
    publish,
    load: () => loadBroker({ name, adapter, options: withoutAbsent(options) as typeof options, topics, source, path }),
  };
}

function readAdapter(section: Section, reading: ConfigReading): string | Adapter | undefined {
  const value = section.raw("adapter");
  if (value === undefined || isAdapter(value)) return value;
  if (typeof value === "object")
    return reading.report(
      section.at("adapter"),
      "is no adapter; give what the package exports as adapter, or the package's name",
    );
  return section.text("adapter");
}

function readCredentials(broker: Section): Credentials | undefined {
  const section = broker.section("credentials", { known: ["username", "password", "token"], secret: true });
  return (
    section &&
    withoutAbsent({
      username: section.text("username"),
      password: section.text("password"),
      token: section.text("token"),
    })
  );
}

function readPublish(broker: Section): PublishSettings {
  const section = broker.section("publish", { known: ["maxInFlight", "overflow", "delivery"] });
  return {
    maxInFlight: section?.count("maxInFlight", 1, 65_535) ?? defaultPublish.maxInFlight,
    overflow: section?.choice("overflow", ["wait", "reject", "drop-oldest", "drop-newest"]) ?? defaultPublish.overflow,
    delivery: section?.choice("delivery", ["at-least-once", "at-most-once"]) ?? defaultPublish.delivery,
  };
}

function readFolds(broker: Section, reading: ConfigReading): Fold[] {
  const folds: (Fold & { path: ConfigPath })[] = [];
  const section = broker.section("fold", {});
  for (const [key, value, path] of section?.entries() ?? []) {
    const pattern = readPattern(key, path, reading);
    if (typeof value === "string") {
      checkTopic(value, path, reading);
      if (pattern !== undefined) folds.push({ pattern, target: value, path });
      continue;
    }
    const described = reading.section(value, path, { known: ["topic", "topicFrom"] });
    const target = described?.requiredText("topic");
    if (target === undefined) continue;
    checkTopic(target, [...path, "topic"], reading);
    if (pattern !== undefined && described !== undefined)
      folds.push({ pattern, target, topicFrom: readTopicFrom(described, pattern, reading), path });
  }
  reportUnreachable(folds, reading);
  return folds.map(({ path: _path, ...fold }) => fold);
}

function readTopicFrom(fold: Section, pattern: Fold["pattern"], reading: ConfigReading): Fold["topicFrom"] {
  const value = fold.raw("topicFrom");
  if (typeof value === "function") return topicFromFunction(value as Parameters<typeof topicFromFunction>[0], pattern);
  const template = fold.text("topicFrom");
  if (template === undefined) return undefined;
  const problem = topicTemplateProblem(template, pattern);
  return problem === undefined ? topicFromTemplate(template, pattern) : reading.report(fold.at("topicFrom"), problem);
}
