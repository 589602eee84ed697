import type { Broker, Topology } from "@busbar/core/contract";
import { usualBounds } from "./bounds.ts";
import type { Bounds } from "./bounds.ts";
import type { Certificate } from "./certificate.ts";
import type { Cluster } from "./cluster.ts";
import type { Link } from "./link.ts";
import type { OwnServer } from "./own-server.ts";

/** The part of a test runner that the kit uses: those of vitest, jest, mocha and `node:test` all fit. */
export interface Runner {
  readonly describe: (title: string, body: () => void) => unknown;
  readonly it: (title: string, body: (context?: unknown) => Promise<void>, timeoutMs?: number) => unknown;
  /** Ends a server of the suite's own also where the last test does not run. `after` of some runners. */
  readonly afterAll?: (body: () => Promise<void>, timeoutMs?: number) => unknown;
}

/** What the kit wants a broker made with; the options of every adapter take it as it is. */
export interface CreateOptions {
  readonly url: string;
  readonly clientName: string;
  /** Only there where a law is about who makes topics and subscriptions. @default "create" */
  readonly topology?: Topology;
  /**
   * After how long the server is to take back what a process that fell silent has not settled, in milliseconds. Only there where the harness
   * has a `leaseMs`, for brokers whose handlers take longer.
   */
  readonly leaseMs?: number;
  /**
   * Of how many servers the cluster is, so that what is made can be kept on several and outlive one. Only there where a law ends one of a
   * `cluster`.
   */
  readonly members?: number;
}

/** Tells the kit how to come by the broker under test, and what else can be done to its server. */
export interface Harness {
  /** The server's name in titles, such as `mosquitto`. */
  readonly name: string;
  /**
   * Where the server is, or the environment variable that says so. Where the variable is not set the whole suite is skipped,
   * and the reason printed.
   */
  readonly url: string | { readonly variable: string };
  /** Makes a broker that is new, not yet opened, and independent of every other one. */
  create(options: CreateOptions): Broker | Promise<Broker>;
  /** The longest that a law waits for one thing to happen, in milliseconds. @default 10_000 */
  readonly deadlineMs?: number;
  /**
   * How long nothing has to happen before a law believes that nothing will, in milliseconds. The one place where the kit
   * waits without a condition; a longer time finds more. @default 300
   */
  readonly quietMs?: number;
  /**
   * A way to the server that the kit can hold and cut. `tcp` puts a proxy of the kit between, for a protocol whose clients
   * stay on the address that they were given; `own-server` puts it before the server of the suite's own, for one whose clients
   * go where the server tells them. Without a link the laws that need one are skipped.
   */
  readonly link?: "tcp" | "own-server" | (() => Promise<Link>);
  /**
   * Starts a server that the suite has for itself, for the laws that restart it; called once, when the first of them is run, and
   * not at all where there is none. Resolves to the reason where it cannot be had; then these laws are skipped, and
   * those that are only stronger for it tried in a weaker way, which is printed.
   */
  readonly ownServer?: () => Promise<OwnServer | { readonly missing: string }>;
  /**
   * Starts a cluster that the suite has for itself, for the law that ends its members; called once, when that law is run. Resolves to the
   * reason where it cannot be had; then the law is skipped. Without it the law is no part of the suite, and the certificate names it as pending.
   */
  readonly cluster?: () => Promise<Cluster | { readonly missing: string }>;
  /**
   * The shortest time that `create` can make a broker with after which the server takes back what is unsettled, in milliseconds. Leave it out
   * where the server takes nothing back from a process that is connected: there handlers are slow for a few quiet times only, which is printed.
   */
  readonly leaseMs?: number;
  /** What the server is known to forget when it is restarted, in words for the certificate; laws go around it and say so. */
  readonly forgets?: { readonly groups?: string };
  /**
   * Laws that the server is known to break, whatever an adapter does, by id, each with the reason. They are no tests: the
   * summary and the certificate name them as broken, with the reason, and with one that is for every adapter the certificate is not complete.
   */
  readonly breaks?: Readonly<Record<string, string>>;
  /** Only these laws, by id. @default all */
  readonly only?: readonly string[];
  /** Called once at the end, with what was found out. */
  readonly onCertificate?: (certificate: Certificate) => void | Promise<void>;
  /** Where a line of the summary goes. @default standard output */
  readonly print?: (line: string) => void;
}

/** The bounds of a harness, with the defaults filled in. */
export function boundsOf({ deadlineMs, quietMs }: Harness): Bounds {
  return { deadlineMs: deadlineMs ?? usualBounds.deadlineMs, quietMs: quietMs ?? usualBounds.quietMs };
}

/** The address of the server, or why there is none. */
export function serverOf(harness: Harness): { readonly url: string } | { readonly missing: string } {
  if (typeof harness.url === "string") return { url: harness.url };
  const url = process.env[harness.url.variable];
  return url === undefined || url === "" ? { missing: `${harness.url.variable} is not set` } : { url };
}
