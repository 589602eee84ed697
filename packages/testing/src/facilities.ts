import type { Cluster } from "./cluster.ts";
import type { Facility } from "./facility.ts";
import type { Harness } from "./harness.ts";
import type { Law } from "./law.ts";
import type { Link } from "./link.ts";
import type { OwnServer } from "./own-server.ts";
import { TcpLink } from "./tcp-link.ts";

/** Where a law is tried, and what it can do there. */
export interface Facilities {
  readonly url: string;
  readonly link: (() => Promise<Link>) | undefined;
  readonly restart: (() => Promise<void>) | undefined;
  readonly cluster: Cluster | undefined;
  /** The shortest lease that a broker can be made with. */
  readonly lease: number | undefined;
  /** Why a facility is not there, in words for people. */
  readonly missing: Readonly<Record<Facility, string>>;
}

const noLink = "the harness has no link to hold or cut";
const noLease = "the harness has no short lease to outlast";
const noRestart = "the harness cannot restart the server";

/** Why a law that takes a cluster is none where the harness knows of none. */
export const noCluster = "the harness has no cluster whose members it can end";

/** Finds what each law needs: the server that is there, or one of the suite's own, started when the first law asks for it. */
export class FacilityProvider {
  readonly #harness: Harness;
  readonly #url: string;
  #own: Promise<OwnServer | { readonly missing: string }> | undefined;
  #cluster: Promise<Cluster | { readonly missing: string }> | undefined;

  constructor(harness: Harness, url: string) {
    this.#harness = harness;
    this.#url = url;
  }

  /** Resolves to what there is for the law; rejects when a server of the suite's own does not come up. */
  async for(law: Law): Promise<Facilities> {
    const found = this.needsCluster(law) ? await this.#ownCluster() : undefined;
    const cluster = found !== undefined && "url" in found ? found : undefined;
    const noMembers = found !== undefined && "missing" in found ? found.missing : undefined;
    const server = this.needsOwnServer(law) ? await this.#ownServer() : undefined;
    const own = server !== undefined && "url" in server ? server : undefined;
    const reason = server !== undefined && "missing" in server ? server.missing : undefined;
    return {
      url: cluster?.url ?? own?.url ?? this.#url,
      link: this.#link(own),
      restart: own === undefined ? undefined : () => own.restart(),
      cluster,
      lease: this.#harness.leaseMs,
      missing: {
        link: reason ?? noLink,
        restart: reason ?? noRestart,
        lease: noLease,
        cluster: noMembers ?? noCluster,
      },
    };
  }

  /** True where the law is tried on a server of the suite's own, if there is one. */
  needsOwnServer({ facility, uses = [] }: Law): boolean {
    const wanted = new Set([facility, ...uses]);
    if (this.#harness.ownServer === undefined) return false;
    return wanted.has("restart") || (wanted.has("link") && this.#harness.link === "own-server");
  }

  /** True where the law is tried on a cluster of the suite's own, if there is one. */
  needsCluster({ facility }: Law): boolean {
    return facility === "cluster" && this.#harness.cluster !== undefined;
  }

  /** Ends the servers of the suite's own, where there are any. */
  async close(): Promise<void> {
    const own = [this.#own, this.#cluster];
    this.#own = this.#cluster = undefined;
    for (const starting of own) {
      const started = await starting?.catch(() => undefined);
      if (started !== undefined && "url" in started) await started.close();
    }
  }

  #link(own: OwnServer | undefined): (() => Promise<Link>) | undefined {
    const { link } = this.#harness;
    if (typeof link === "function") return link;
    const create: Harness["create"] = (options) => this.#harness.create(options);
    if (link === "tcp") return () => TcpLink.open(own?.url ?? this.#url, create);
    if (link === undefined || own === undefined) return undefined;
    return () => TcpLink.open(own.url, create, own.proxied);
  }

  #ownCluster(): Promise<Cluster | { readonly missing: string }> {
    const { cluster } = this.#harness;
    this.#cluster ??= cluster === undefined ? Promise.resolve({ missing: noCluster }) : cluster();
    return this.#cluster;
  }

  #ownServer(): Promise<OwnServer | { readonly missing: string }> {
    const { ownServer } = this.#harness;
    this.#own ??= ownServer === undefined ? Promise.resolve({ missing: noRestart }) : ownServer();
    return this.#own;
  }
}
