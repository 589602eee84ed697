import type { AdapterOptions, TlsOptions, Topology } from "@busbar/core/contract";
import {
  ConfigError,
  isPositiveDuration,
  mustBePositiveDuration,
  readHosts,
  readUser,
  unknownOptionProblems,
} from "@busbar/core/driver";
import { isName, knownNative, nativeSettings } from "./native-options.ts";
import type { AmqpNativeOptions, NativeSettings } from "./native-options.ts";

/** What `amqp()` is made from. */
export type AmqpOptions = AdapterOptions<AmqpNativeOptions>;

/** A server of the cluster. */
export interface AmqpHost {
  readonly hostname: string;
  readonly port: number;
}

/** The options, checked, with every default filled in. */
export interface AmqpSettings extends NativeSettings {
  readonly protocol: "amqp" | "amqps";
  readonly hosts: readonly AmqpHost[];
  readonly virtualHost: string;
  readonly username: string;
  /** The one thing that changes while a broker is open: `AmqpBroker.updateSecret`. */
  password: string;
  readonly tls: TlsOptions;
  readonly clientName: string;
  readonly connectTimeoutMs: number;
  readonly topology: Topology;
}

const topologies: readonly Topology[] = ["create", "check", "assume"];

/**
 * Checks the options and fills in the defaults. Throws one `ConfigError` with every problem, none of which quotes a password
 * or the URL. The options are not changed.
 */
export function amqpSettings(
  options: AdapterOptions<Readonly<Record<string, unknown>> | AmqpNativeOptions>,
): AmqpSettings {
  const { credentials = {}, tls, clientName = "busbar", connectTimeoutMs = 10_000, topology = "create" } = options;
  const address = parseUrl(options.url);
  const problems = unknownOptionProblems(options, knownNative);
  const must = (holds: boolean, problem: string): void => void (holds || problems.push(problem));
  if (typeof address === "string") problems.push(address);
  must(
    credentials.token === undefined,
    "credentials.token: RabbitMQ takes a token as the password; set credentials.password to it",
  );
  must(
    typeof address === "string" || tls === undefined || address.protocol === "amqps",
    "tls: the URL begins with amqp:, which is not encrypted; begin it with amqps:",
  );
  must(isName(clientName), "clientName: must be a text that is not empty");
  must(isPositiveDuration(connectTimeoutMs), `connectTimeoutMs: ${mustBePositiveDuration}`);
  must(topologies.includes(topology), 'topology: must be "create", "check" or "assume"');
  const { saslMechanism }: { readonly saslMechanism?: unknown } = options.native ?? {};
  const external = saslMechanism === "external";
  must(
    !external || (tls?.cert !== undefined && tls.key !== undefined),
    'native.saslMechanism: "external" is proved by a certificate; set tls.cert and tls.key, with an amqps: URL',
  );
  must(
    !external ||
      (Object.keys(credentials).length === 0 && (typeof address === "string" || address.username === undefined)),
    'native.saslMechanism: "external" takes no user name and password; leave them out of the URL and of credentials',
  );
  const native = nativeSettings(options.native ?? {}, problems);
  if (problems.length > 0 || typeof address === "string") throw new ConfigError(problems, { broker: "amqp" });
  return {
    protocol: address.protocol,
    hosts: address.hosts,
    virtualHost: address.virtualHost,
    username: credentials.username ?? address.username ?? "guest",
    password: credentials.password ?? address.password ?? "guest",
    tls: tls ?? {},
    clientName,
    connectTimeoutMs,
    topology,
    ...native,
  };
}

interface Address {
  readonly protocol: "amqp" | "amqps";
  readonly hosts: readonly AmqpHost[];
  readonly virtualHost: string;
  readonly username?: string;
  readonly password?: string;
}

const urlShape = /^(amqps?):\/\/(?:([^/?#]*)@)?([^/?#@]+)(\/[^?#]*)?$/;

/**
 * Takes the URL apart by hand, since `URL` knows of one host only and quotes the whole input, password included, in its
 * error. Returns the problem as text.
 */
function parseUrl(url: unknown): Address | string {
  const shape = "url: must look like amqp://user:password@host:5672/virtual-host, several hosts separated by commas";
  const parts = typeof url === "string" ? urlShape.exec(url) : null;
  if (parts === null) return shape;
  const [, protocol, user, hostList = "", path = ""] = parts;
  const hosts = readHosts(hostList, protocol === "amqps" ? 5671 : 5672);
  if (hosts === undefined) return shape;
  try {
    const virtualHost = path === "" || path === "/" ? "/" : decodeURIComponent(path.slice(1));
    const { username, password = "" } = readUser(user);
    return {
      protocol: protocol as Address["protocol"],
      hosts: hosts.map(({ hostname, port }) => ({ hostname, port })),
      virtualHost,
      ...(username === undefined ? {} : { username, password }),
    };
  } catch {
    return "url: user, password or virtual host has a % that is not followed by two hex digits; write % as %25";
  }
}
