import { connect } from "@busbar/core";
import type { Bus, BusConfig } from "@busbar/core";
import type { Broker, Capabilities, EffectiveCapabilities, Topology } from "@busbar/core/contract";
import { eventually, stays, within } from "../bounded-wait.ts";
import type { Facility } from "../facility.ts";
import { Gate } from "../gate.ts";
import type { Cluster } from "../cluster.ts";
import type { Bounds } from "../bounds.ts";
import type { Face } from "../face.ts";
import type { Link } from "../link.ts";
import { BusClient } from "./bus-client.ts";
import type { Client, Inbox } from "./client.ts";
import { DriverClient } from "./driver-client.ts";
import { removeLeftovers, removeRunning } from "./janitor.ts";
import { Ledger } from "./ledger.ts";
import { openBus } from "./open-bus.ts";
import type { BusOptions } from "./open-bus.ts";

/** How a law wants a broker made, where the usual way will not do. */
export interface BrokerOptions {
  /** Who makes topics and subscriptions. @default "create" */
  readonly topology?: Topology;
  /** After how long the server takes back what is unsettled, in milliseconds: `Scene.leaseMs` where there is one. @default as the driver has it */
  readonly leaseMs?: number | undefined;
}

/** What a scene is set up with. */
export interface SceneSettings extends Bounds {
  readonly face: Face;
  /** The first token of every topic of this run, unique to it. */
  readonly run: string;
  /** Names this case within the run, as one token. */
  readonly caseName: string;
  readonly effective: EffectiveCapabilities;
  readonly create: (clientName: string, options?: BrokerOptions) => Promise<Broker>;
  readonly link: (() => Promise<Link>) | undefined;
  readonly restart: (() => Promise<void>) | undefined;
  readonly cluster: Cluster | undefined;
  readonly leaseMs: number | undefined;
  /** Why a facility is not there. */
  readonly missing: Readonly<Record<Facility, string>>;
  /** What the server is known to forget when it is restarted. */
  readonly forgets: { readonly groups?: string };
}

/**
 * Everything that one case has to work with: clients, topics that nobody else uses, bounded waits. It takes away again
 * whatever was made on it.
 */
export class Scene {
  readonly face: Face;
  /** What the server really does. */
  readonly supports: Capabilities;
  readonly effective: EffectiveCapabilities;
  readonly deadlineMs: number;
  readonly quietMs: number;
  /** What was asked of the drivers of this scene. */
  readonly ledger: Ledger = new Ledger();
  readonly #settings: SceneSettings;
  readonly #gates: Gate[] = [];
  readonly #closers: (() => Promise<unknown>)[] = [];
  readonly #notes: string[] = [];

  constructor(settings: SceneSettings) {
    this.#settings = settings;
    this.face = settings.face;
    this.effective = settings.effective;
    this.supports = settings.effective.supports;
    this.deadlineMs = settings.deadlineMs;
    this.quietMs = settings.quietMs;
  }

  /** What the laws on this scene had to say about how they were tried. */
  get notes(): readonly string[] {
    return this.#notes;
  }

  /** True where the server has the capability, in whichever way. */
  can(capability: keyof Capabilities): boolean {
    return this.supports[capability] !== "unsupported";
  }

  /** Says in the certificate how the law was tried, where there is a stronger way that was not open. */
  note(text: string): void {
    this.#notes.push(text);
  }

  /** A topic that only this case uses; the same for the same tokens. */
  topic(...tokens: readonly string[]): string {
    return [this.#settings.run, this.#settings.caseName, ...tokens].join(".");
  }

  /** A group that only this case uses; the same for the same name. */
  group(name: string): string {
    return `${this.#settings.run}-${this.#settings.caseName}-${name}`;
  }

  /** The stable name of a process of this case; the same for the same name. */
  member(name: string): string {
    return `${this.#settings.run}-${this.#settings.caseName}-${name}`;
  }

  /** An open client on the face of this case. Two with the same name are the same process, one after the other. */
  async client(name: string, options: BrokerOptions = {}): Promise<Client> {
    return this.clientOn(await this.unopened(name, options), name);
  }

  /** An open client on the bare driver, whatever the face. */
  async driverClient(name: string): Promise<Client> {
    return new DriverClient(await this.broker(name), this.member(name));
  }

  /** A broker that is watched and not open. */
  async unopened(name: string, options: BrokerOptions = {}): Promise<Broker> {
    return this.adopt(await this.#settings.create(this.member(name), options));
  }

  /** An open broker. */
  async broker(name: string, options: BrokerOptions = {}): Promise<Broker> {
    const broker = await this.unopened(name, options);
    await within(`broker "${name}" opens`, broker.open(), this.deadlineMs);
    return broker;
  }

  /** An open client on the face of this case whose connection goes over the link. */
  async clientOver(link: Link, name: string): Promise<Client> {
    return this.clientOn(this.adopt(await link.create(this.member(name))), name);
  }

  /** An open client on the face of this case over a broker that is not open yet. */
  async clientOn(broker: Broker, name: string): Promise<Client> {
    if (this.face === "bus") return new BusClient(await this.busOver(broker, name));
    await within(`broker "${name}" opens`, broker.open(), this.deadlineMs);
    return new DriverClient(broker, this.member(name));
  }

  /** A broker that is watched and not open, whose connection goes over the link where there is one. */
  async unopenedOver(link: Link | undefined, name: string, { leaseMs }: BrokerOptions = {}): Promise<Broker> {
    if (link === undefined) return this.unopened(name, { leaseMs });
    return this.adopt(await link.create(this.member(name), leaseMs === undefined ? {} : { leaseMs }));
  }

  /** An open bus over a broker of its own. */
  async bus(name: string, options: BrokerOptions = {}): Promise<Bus> {
    return this.busOver(await this.unopened(name, options), name);
  }

  /** An open bus over a broker that is not open yet; with `start: "background"` the broker may be away. */
  async busOver(broker: Broker, name: string, options: BusOptions = {}): Promise<Bus> {
    return this.#closedAtTheEnd(await openBus(broker, this.#settings.run, name, this.deadlineMs, options));
  }

  /** An open bus made from a configuration, as an application makes it, over a broker that is not open yet. */
  async busFrom(config: Omit<BusConfig, "brokers">, broker: Broker): Promise<Bus> {
    return this.#closedAtTheEnd(await connect({ ...config, brokers: { main: broker } }));
  }

  /** Watches a broker that a law has made itself, over a link for example, and closes it at the end. */
  adopt(broker: Broker): Broker {
    this.#closers.unshift(() => broker.close());
    return this.ledger.watch(broker);
  }

  /** A way to the server that can be held and cut. Only for laws that asked for the facility, or that looked at `hasLink`. */
  async link(): Promise<Link> {
    if (this.#settings.link === undefined) throw new Error("The harness has no link; look at hasLink first.");
    const link = await this.#settings.link();
    this.#closers.push(() => link.close());
    return link;
  }

  get hasLink(): boolean {
    return this.#settings.link !== undefined;
  }

  /** Restarts the server where the harness can, and resolves to whether it could. Only for laws that asked for the facility. */
  async restart(): Promise<boolean> {
    await this.#settings.restart?.();
    return this.#settings.restart !== undefined;
  }

  /** The cluster that the brokers of this scene are clients of. Only for laws that asked for the facility. */
  get cluster(): Cluster {
    if (this.#settings.cluster === undefined)
      throw new Error("The harness has no cluster; ask for the facility first.");
    return this.#settings.cluster;
  }

  /** The shortest lease that a broker can be made with, in milliseconds. */
  get leaseMs(): number | undefined {
    return this.#settings.leaseMs;
  }

  /** Why there is no such facility here, in words for a note. */
  missing(facility: Facility): string {
    return this.#settings.missing[facility];
  }

  /** What the server is known to forget of groups when it is restarted, in words for a note. */
  get forgetsGroups(): string | undefined {
    return this.#settings.forgets.groups;
  }

  /** A gate that is opened at the latest when the case is over, so that no handler outlives it. */
  gate(): Gate {
    const gate = new Gate();
    this.#gates.push(gate);
    return gate;
  }

  /** Resolves as soon as the condition holds; fails when it does not within the deadline. */
  eventually(promise: string, condition: () => boolean | Promise<boolean>, seen?: () => unknown): Promise<void> {
    return eventually(promise, condition, this.deadlineMs, seen);
  }

  /** As `eventually`, for what comes back after a cut: clients wait up to 12 s between their tries, on every broker. */
  recovers(promise: string, condition: () => boolean | Promise<boolean>, seen?: () => unknown): Promise<void> {
    return eventually(promise, condition, 3 * this.deadlineMs, seen);
  }

  /** Fails unless the condition holds for all of the quiet time. */
  stays(promise: string, condition: () => boolean, seen?: () => unknown): Promise<void> {
    return stays(promise, condition, this.quietMs, seen);
  }

  /** Settles as the work does; fails when it has not settled within the deadline. */
  within<T>(promise: string, work: Promise<T>): Promise<T> {
    return within(promise, work, this.deadlineMs);
  }

  /** Resolves once the inbox has received `count` messages. */
  arrives(inbox: Inbox, count: number, promise: string): Promise<void> {
    return this.eventually(
      promise,
      () => inbox.received.length >= count,
      () => `${inbox.received.length} of ${count} arrived`,
    );
  }

  /** Fails unless the inbox has received `count` messages and receives no more. */
  noMoreThan(inbox: Inbox, count: number, promise: string): Promise<void> {
    return this.stays(
      promise,
      () => inbox.received.length === count,
      () => `${inbox.received.length} arrived`,
    );
  }

  /** Ends whatever runs and takes away from the server what was made there. */
  async clear(): Promise<void> {
    for (const gate of this.#gates) gate.open();
    const failures: unknown[] = [];
    const attempt = async (what: string, work: Promise<unknown>): Promise<void> => {
      await within(what, work, 2 * this.deadlineMs).catch((error: unknown) => void failures.push(error));
    };
    await attempt("subscriptions are removed", removeRunning(this.ledger));
    await attempt(
      "leftovers are removed",
      removeLeftovers(this.ledger, this.can("memberNames"), () => this.#janitor()),
    );
    for (const close of this.#closers.splice(0)) await attempt("brokers, buses and links close", close());
    if (failures.length > 0) throw new AggregateError(failures, `left behind: ${failures.map(String).join("; ")}`);
  }

  #closedAtTheEnd(bus: Bus): Bus {
    this.#closers.unshift(() => bus.close({ deadlineMs: 0 }));
    return bus;
  }

  async #janitor(): Promise<Broker> {
    const broker = await this.#settings.create(this.member("janitor"));
    this.#closers.push(() => broker.close());
    await broker.open();
    return broker;
  }
}
