import type { ServiceIdentifier } from "inversify";
import type { Bus } from "../bus/bus.ts";
import type { Publisher } from "../bus/options.ts";
import type { Broker, Codec } from "../contract/index.ts";

/** The bus of a container: one, not yet opened; `BusServer.start()` opens it. */
export const BUS: ServiceIdentifier<Bus> = Symbol.for("busbar.bus");

/**
 * The publish-only face of the bus, for a data layer that should not be able to subscribe. By the name of a broker: to
 * that broker, whatever the routes say.
 */
export const PUBLISHER: ServiceIdentifier<Publisher> = Symbol.for("busbar.publisher");

/**
 * A driver, by the name of its broker; without a name the first. Those that a configuration names load on demand, so
 * get them with `getAsync`.
 */
export const BROKER: ServiceIdentifier<Broker> = Symbol.for("busbar.broker");

/** Bind any number of codecs to it; the bus takes them all, before its own. */
export const CODEC: ServiceIdentifier<Codec> = Symbol.for("busbar.codec");

/** Objects with `@Subscribe` methods, any number of them; `handlersModule` binds classes to it. */
export const HANDLERS: ServiceIdentifier<object> = Symbol.for("busbar.handlers");
