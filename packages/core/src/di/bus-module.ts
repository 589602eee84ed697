import { ContainerModule } from "inversify";
import type { Bind, ResolutionContext, ServiceIdentifier } from "inversify";
import { Bus } from "../bus/bus.ts";
import type { Publisher, PublishOptions } from "../bus/options.ts";
import type { BrokerSettings, BusSettings } from "../bus/settings.ts";
import type { PartialBusConfig } from "../config/bus-config.ts";
import { brokerNames } from "../config/find-config.ts";
import { loadSettings } from "../config/load-settings.ts";
import type { Broker } from "../contract/index.ts";
import { ConfigError } from "../errors.ts";
import type { Topic } from "../topic/typed-topic.ts";
import { BusServer } from "./bus-server.ts";
import type { BusServerOptions } from "./bus-server.ts";
import { BROKER, BUS, CODEC, HANDLERS, PUBLISHER } from "./tokens.ts";

/** What `brokerModule` binds, so that the bus finds all of them without knowing their names. */
interface BoundBroker {
  readonly name: string;
  readonly broker: Broker;
}

const BOUND_BROKER: ServiceIdentifier<BoundBroker> = Symbol.for("busbar.bound-broker");
const SETTINGS: ServiceIdentifier<BusSettings> = Symbol.for("busbar.settings");

/**
 * Binds what an application injects: `BUS` (one, not yet opened), `PUBLISHER` (also by the name of a broker), `BROKER`
 * (by name) and `BusServer`. The bus has the codecs bound to `CODEC` and the brokers that `brokerModule` bound.
 *
 * ```ts
 * container.load(busModule(), handlersModule([ReportHandlers]));
 * await container.get(BusServer).start();
 * ```
 *
 * Getting any of them throws a `ConfigError` that lists every problem of the configuration; a configuration file that
 * cannot be read is thrown by `container.load`.
 *
 * @param config As for `connect`, with brokers or without. Without a configuration, where `brokerModule` bound brokers
 * before this module was loaded, those are all there are.
 */
export function busModule(config?: PartialBusConfig | string | URL, server?: BusServerOptions): ContainerModule {
  return new ContainerModule(({ bind, isBound }) => {
    bind(SETTINGS)
      .toDynamicValue((context) => settingsOf(config, context))
      .inSingletonScope();
    bind(BUS)
      .toDynamicValue((context) => new Bus(context.get(SETTINGS)))
      .inSingletonScope();
    bind(PUBLISHER)
      .toDynamicValue((context) => publisher(context.get(BUS), undefined))
      .inSingletonScope()
      .whenDefault();
    bind(BusServer)
      .toDynamicValue((context) => new BusServer(context.get(BUS), allOf(HANDLERS, context), server))
      .inSingletonScope();
    const names = config === undefined && isBound(BOUND_BROKER) ? [] : brokerNames(config);
    for (const name of names) {
      bind(BROKER)
        .toDynamicValue((context) => load(name, context))
        .inSingletonScope()
        .whenNamed(name);
      bindPublisher(name, bind);
    }
    bind(BROKER)
      .toDynamicValue((context) => load(undefined, context))
      .inSingletonScope()
      .whenDefault();
  });
}

/**
 * Binds a driver to `BROKER` under a name, and publishers to it, and gives it to the bus of the container. What an
 * adapter's `module.ts` is made of:
 *
 * ```ts
 * import { brokerModule } from "@busbar/core/di";
 *
 * export function mqttModule(options: MqttOptions, name = "main"): ContainerModule {
 *   return brokerModule(mqtt(options), name);
 * }
 * ```
 *
 * @param name Of the broker, as routes and options say it. Where no configuration names brokers, the first that is
 * bound takes what no route names.
 */
export function brokerModule(broker: Broker, name = "main"): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(BOUND_BROKER).toConstantValue({ name, broker });
    bind(BROKER).toConstantValue(broker).whenNamed(name);
    bindPublisher(name, bind);
  });
}

function settingsOf(config: PartialBusConfig | string | URL | undefined, context: ResolutionContext): BusSettings {
  const bound = allOf(BOUND_BROKER, context);
  const settings = loadSettings(config, undefined, bound);
  const brokers = settings.brokers.map((broker) => ({ ...broker, load: once(() => broker.load()) }));
  return { ...settings, brokers, codecs: [...settings.codecs, ...allOf(CODEC, context)] };
}

function load(name: string | undefined, context: ResolutionContext): Promise<Broker> {
  const { brokers } = context.get(SETTINGS);
  const broker: BrokerSettings | undefined =
    name === undefined ? brokers[0] : brokers.find((candidate) => candidate.name === name);
  if (broker === undefined) throw new ConfigError([`There is no broker "${name}" in the configuration.`]);
  return broker.load();
}

function bindPublisher(name: string, bind: Bind): void {
  bind(PUBLISHER)
    .toDynamicValue((context) => publisher(context.get(BUS), name))
    .inSingletonScope()
    .whenNamed(name);
}

/** An object of its own, so that nobody gets from it to the rest of the bus. */
function publisher(bus: Bus, broker: string | undefined): Publisher {
  return {
    // The overloads of both are the same; one implementation cannot say so.
    publish: (topic: string | Topic, payload: unknown, options?: PublishOptions) =>
      bus.publish(topic as string, payload, broker === undefined ? options : { broker, ...options }),
  };
}

function allOf<T>(identifier: ServiceIdentifier<T>, context: ResolutionContext): T[] {
  return context.getAll(identifier, { optional: true });
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
