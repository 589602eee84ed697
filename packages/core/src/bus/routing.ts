import { ConfigError, InvalidArgumentError } from "../errors.ts";
import type { InboundRecord } from "../contract/index.ts";
import { covers, intersects, matches } from "../topic/filter.ts";
import { parseFilter } from "../topic/grammar.ts";
import type { ParsedFilter } from "../topic/grammar.ts";
import type { BrokerSettings, BusSettings, Fold } from "./settings.ts";

/** Where a subscription reads: a broker, and what to subscribe to there. */
export interface Source {
  readonly broker: string;
  /** A bus filter, to be taken natively. */
  readonly filter: string;
  /** The fold that the source is the target of. */
  readonly fold: Fold | undefined;
}

/** Answers where topics and filters live: which broker by the routes, which native topic by the folds. */
export class Routing {
  readonly #settings: BusSettings;

  constructor(settings: BusSettings) {
    this.#settings = settings;
  }

  /** The broker that a topic is published to. */
  brokerOf(topic: string, asked: string | undefined): BrokerSettings {
    if (asked !== undefined) return this.named(asked);
    for (const { pattern, broker } of this.#settings.routes) if (matches(pattern, topic)) return this.named(broker);
    return this.#first();
  }

  /** The broker with a name, or an `InvalidArgumentError` that lists the names there are. */
  named(name: string): BrokerSettings {
    const broker = this.#settings.brokers.find((candidate) => candidate.name === name);
    if (broker !== undefined) return broker;
    const names = this.#settings.brokers.map((candidate) => `"${candidate.name}"`).join(", ");
    throw new InvalidArgumentError(`There is no broker "${name}" in the configuration; there are ${names}.`);
  }

  /** The topic that a broker takes in place of `topic`: the target of the first fold that has it, else itself. */
  addressOf(topic: string, broker: BrokerSettings): string {
    for (const { pattern, target } of broker.folds) if (matches(pattern, topic)) return target;
    return topic;
  }

  /** Everything that a filter has to be subscribed to so that no message which fits it is missed. */
  sourcesOf(filter: ParsedFilter, asked: string | undefined): readonly Source[] {
    return this.#brokersOf(filter, asked).flatMap((broker) => sourcesOn(broker, filter));
  }

  #brokersOf(filter: ParsedFilter, asked: string | undefined): readonly BrokerSettings[] {
    if (asked !== undefined) return [this.named(asked)];
    const names = new Set<string>();
    for (const { pattern, broker } of this.#settings.routes) {
      if (intersects(pattern, filter)) names.add(broker);
      // Routes after one that takes all of the filter are never reached.
      if (covers(pattern, filter)) return [...names].map((name) => this.named(name));
    }
    names.add(this.#first().name);
    return [...names].map((name) => this.named(name));
  }

  #first(): BrokerSettings {
    const first = this.#settings.brokers[0];
    if (first === undefined) throw new ConfigError(["The configuration has no broker."]);
    return first;
  }
}

function sourcesOn(broker: BrokerSettings, filter: ParsedFilter): Source[] {
  const folds = broker.folds.filter(({ pattern }) => intersects(pattern, filter));
  const sources = new Map<string, Source>();
  // Where a fold takes all of the filter, nothing is published outside its target.
  if (!folds.some(({ pattern }) => covers(pattern, filter)))
    sources.set(filter.canonical, { broker: broker.name, filter: filter.canonical, fold: undefined });
  for (const fold of folds) {
    const target = parseFilter(fold.target);
    // A wildcard that reads the target anyway must not read it twice.
    if (![...sources.values()].some((source) => covers(parseFilter(source.filter), target)))
      sources.set(fold.target, { broker: broker.name, filter: fold.target, fold });
  }
  return [...sources.values()];
}

/**
 * The topic of an inbound record: what it says itself; on the target of a fold what `topicFrom` makes of it; else where it was
 * read. `undefined` for a foreign record on a fold's target whose topic nobody can tell.
 */
export function topicOf(record: InboundRecord, folds: readonly Fold[]): string | undefined {
  if (record.topic !== undefined) return record.topic;
  if (folds.length === 0) return record.address;
  const here = folds.filter(({ target }) => target === record.address);
  if (here.length === 0) return record.address;
  for (const fold of here) {
    const topic = fold.topicFrom?.(record);
    if (topic !== undefined) return topic;
  }
  return undefined;
}
