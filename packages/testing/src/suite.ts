import { randomBytes } from "node:crypto";
import type { Broker, Capabilities, CapabilityName, EffectiveCapabilities } from "@busbar/core/contract";
import { within } from "./bounded-wait.ts";
import { refusesToPretend } from "./capability-requests.ts";
import { contractVersion } from "./certificate.ts";
import type { CaseName, CaseResult, Certificate } from "./certificate.ts";
import type { Bounds } from "./bounds.ts";
import type { Face } from "./face.ts";
import { FacilityProvider, noCluster } from "./facilities.ts";
import type { Facilities } from "./facilities.ts";
import { boundsOf } from "./harness.ts";
import type { CreateOptions, Harness } from "./harness.ts";
import { bodiesOn } from "./law.ts";
import type { Law, PendingLaw } from "./law.ts";
import { pendingLaws } from "./laws/pending.ts";
import { Scene } from "./scene/scene.ts";
import { Skip } from "./skip.ts";

/** How long a server may take to start or to restart, in milliseconds, on a machine that is busy. */
const serverStartMs = 60_000;

const faces: readonly Face[] = ["driver", "bus"];

/** A law on a face, to be run. */
export interface Case {
  readonly law: Law;
  readonly face: Face;
}

interface Probe {
  readonly adapter: string;
  readonly declared: Capabilities;
  readonly effective: EffectiveCapabilities;
}

/** One run of laws against one server: runs cases one by one, each on a scene of its own, and keeps what came out. */
export class Suite {
  /** What is to be run: what the server is known to break is not. */
  readonly cases: readonly Case[];
  readonly #named: readonly Case[];
  readonly #laws: readonly Law[];
  readonly #harness: Harness;
  readonly #url: string;
  readonly #bounds: Bounds;
  readonly #facilities: FacilityProvider;
  readonly #run: string = `conformance-${randomBytes(4).toString("hex")}`;
  readonly #results = new Map<Case, CaseResult>();
  #probe: Promise<Probe> | undefined;

  constructor(laws: readonly Law[], harness: Harness, url: string) {
    this.#laws = laws;
    this.#harness = harness;
    this.#url = url;
    this.#bounds = boundsOf(harness);
    this.#facilities = new FacilityProvider(harness, url);
    const wanted = this.#tried.filter(({ id }) => harness.only === undefined || harness.only.includes(id));
    this.#named = wanted.flatMap((law) =>
      faces.filter((face) => bodiesOn(law, face).length > 0).map((face) => ({ law, face })),
    );
    this.cases = this.#named.filter((tried) => this.#breachOf(tried) === undefined);
    const unknown = Object.keys(harness.breaks ?? {}).filter((id) => !laws.some((law) => law.id === id));
    if (unknown.length > 0)
      throw new TypeError(`${harness.name} is said to break what is no law: ${unknown.join(", ")}`);
  }

  /** Why the server does not keep the law, where it is known not to. */
  #breachOf({ law }: Case): string | undefined {
    return this.#harness.breaks?.[law.id];
  }

  /** How a case ended; `undefined` while it has not. */
  #resultOf(named: Case): CaseResult | undefined {
    const reason = this.#breachOf(named);
    return reason === undefined ? this.#results.get(named) : { ...nameOf(named), status: "broken", reason };
  }

  /** The laws but for those that take a cluster, where the harness knows of none. */
  get #tried(): readonly Law[] {
    return this.#laws.filter(({ facility }) => facility !== "cluster" || this.#harness.cluster !== undefined);
  }

  /** What is no law here. */
  get #pending(): readonly PendingLaw[] {
    const tried = new Set(this.#tried);
    const untried = this.#laws.filter((law) => !tried.has(law));
    return [...pendingLaws, ...untried.map(({ id, title }) => ({ law: id, title, reason: noCluster }))];
  }

  /** The longest that a case may take, its tidying up included, in milliseconds. */
  longestMs({ law }: Case): number {
    const starts = this.#facilities.needsOwnServer(law) || this.#facilities.needsCluster(law);
    const startMs = starts ? 2 * serverStartMs : 0;
    return startMs + this.#bodyMs(law) + 8 * this.#bounds.deadlineMs;
  }

  /** Ends what was started for this run. Calling it again is harmless. */
  close(): Promise<void> {
    return this.#facilities.close();
  }

  /** Runs a case; rejects with what it saw when the law is broken, and with `Skip` when it cannot be tried here. */
  async run(tried: Case): Promise<void> {
    const name = nameOf(tried);
    const began = Date.now();
    try {
      const { form, notes } = await this.#try(tried);
      this.#results.set(tried, { ...name, status: "passed", form, notes, tookMs: Date.now() - began });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#results.set(tried, { ...name, status: error instanceof Skip ? "skipped" : "failed", reason });
      throw error;
    }
  }

  /** What was found out so far. Rejects when the server cannot be reached. */
  async certificate(): Promise<Certificate> {
    const { adapter, declared, effective } = await this.#probed();
    const results = this.#named.flatMap((named) => this.#resultOf(named) ?? []);
    const count = (status: CaseResult["status"]): number => results.filter((result) => result.status === status).length;
    const counts = {
      passed: count("passed"),
      negative: results.filter((result) => result.status === "passed" && result.form === "negative").length,
      failed: count("failed"),
      skipped: count("skipped"),
      broken: count("broken"),
      notRun: this.#named.length - results.length,
    };
    const kept = new Set(results.flatMap((result) => (isKept(result) ? [result.law] : [])));
    return {
      contractVersion,
      name: this.#harness.name,
      adapter,
      product: effective.product,
      version: effective.version,
      declared,
      effective: effective.supports,
      limits: effective.limits,
      warnings: effective.warnings,
      counts,
      complete:
        counts.failed === 0 &&
        counts.notRun === 0 &&
        this.#laws.every(({ id, everywhere }) => kept.has(id) || !everywhere),
      results,
      pending: this.#pending,
    };
  }

  async #try({ law, face }: Case): Promise<{ form: "positive" | "negative"; notes: readonly string[] }> {
    const { effective } = await this.#probed();
    const missing = (law.needs ?? []).filter((need) => effective.supports[need] === "unsupported");
    if (missing.length > 0) return this.#tryWithout(law, face, effective, missing);
    const facilities = await this.#facilities.for(law);
    if (law.facility !== undefined && facilities[law.facility] === undefined)
      throw new Skip(facilities.missing[law.facility]);
    const scene = this.#scene(law, face, effective, facilities);
    await this.#on(scene, law, async () => {
      for (const body of bodiesOn(law, face)) await body(scene);
    });
    return { form: "positive", notes: scene.notes };
  }

  async #tryWithout(
    law: Law,
    face: Face,
    effective: EffectiveCapabilities,
    missing: readonly CapabilityName[],
  ): Promise<{ form: "negative"; notes: readonly string[] }> {
    const reason = `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} unsupported`;
    const scene = this.#scene(law, face, effective, await this.#facilities.for(law));
    await this.#on(scene, law, async () => {
      // Whoever uses the driver alone reads its capabilities; it is the bus that refuses, whatever the face.
      const bus = await scene.bus("asking");
      for (const capability of missing) await refusesToPretend(scene, bus, capability);
    });
    return { form: "negative", notes: [`${reason}, and asking for it is a typed error`] };
  }

  async #on(scene: Scene, law: Law, body: () => Promise<void>): Promise<void> {
    const failure = await within(`${law.id}, ${law.title}`, body(), this.#bodyMs(law)).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    // What the law has seen comes first; what it left behind only matters where it held.
    const left = await scene.clear().catch((error: unknown) => ({ error }));
    const broken = failure ?? left;
    if (broken !== undefined) throw broken.error;
  }

  #scene(law: Law, face: Face, effective: EffectiveCapabilities, facilities: Facilities): Scene {
    return new Scene({
      ...this.#bounds,
      face,
      run: this.#run,
      caseName: `${law.id.toLowerCase()}-${face}`,
      effective,
      create: (clientName, { topology, leaseMs } = {}) =>
        this.#create({
          url: facilities.url,
          clientName,
          ...(topology === undefined ? {} : { topology }),
          ...(leaseMs === undefined ? {} : { leaseMs }),
          ...(facilities.cluster === undefined ? {} : { members: facilities.cluster.size }),
        }),
      link: facilities.link,
      restart: facilities.restart,
      cluster: facilities.cluster,
      leaseMs: facilities.lease,
      missing: facilities.missing,
      forgets: this.#harness.forgets ?? {},
    });
  }

  async #create(options: CreateOptions): Promise<Broker> {
    // Frozen, so that no adapter makes the options of its caller its own.
    return this.#harness.create(Object.freeze(options));
  }

  #bodyMs(law: Law): number {
    const restarts = law.facility === "restart" || law.uses?.includes("restart") === true;
    const restarted = (restarts && this.#harness.ownServer !== undefined) || this.#facilities.needsCluster(law);
    const restartMs = restarted ? 2 * serverStartMs : 0;
    return restartMs + (law.deadlines ?? 4) * this.#bounds.deadlineMs;
  }

  #probed(): Promise<Probe> {
    this.#probe ??= this.#look();
    return this.#probe;
  }

  async #look(): Promise<Probe> {
    const broker = await this.#create({ url: this.#url, clientName: `${this.#run}-probe` });
    try {
      const effective = await within("the server is reached", broker.open(), this.#bounds.deadlineMs);
      return { adapter: broker.name, declared: broker.declared, effective };
    } finally {
      await broker.close();
    }
  }
}

function nameOf({ law, face }: Case): CaseName {
  return { law: law.id, face, title: law.title, everywhere: law.everywhere };
}

function isKept(result: CaseResult): boolean {
  return result.status === "passed" && result.form === "positive";
}
