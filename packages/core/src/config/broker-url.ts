import { nearest } from "../driver/known-keys.ts";
import { knownSchemes, packageOf } from "./adapter-schemes.ts";

const schemeShape = /^([a-z][a-z0-9+.-]*):/i;

/** The scheme of a URL in lower case, without the colon; `undefined` where there is none. */
export function schemeOf(url: string): string | undefined {
  // `localhost:1883` has the shape of a scheme with a path; a broker's URL has slashes, except in memory.
  const scheme = schemeShape.exec(url)?.[1]?.toLowerCase();
  return scheme === "memory" || url.startsWith("//", (scheme?.length ?? 0) + 1) ? scheme : undefined;
}

/**
 * What is wrong with a broker's URL, as the end of a sentence that holds nothing of the URL but its scheme.
 *
 * @param adapterNamed True where the configuration names the adapter, so that its URL may be anything with a scheme.
 */
export function brokerUrlProblem(url: string, adapterNamed: boolean): string | undefined {
  const scheme = schemeOf(url);
  if (scheme === undefined) return 'is no URL; write <scheme>://<host>:<port>, such as "mqtt://127.0.0.1:1883"';
  if (adapterNamed) return undefined;
  if (packageOf(scheme) === undefined) return unknownScheme(scheme);
  return scheme === "memory" ? memoryProblem(url) : serverProblem(url);
}

function unknownScheme(scheme: string): string {
  const near = nearest(scheme, knownSchemes);
  const advice = near === undefined ? "" : `did you mean "${near}:"? `;
  const known = knownSchemes.map((name) => `${name}:`).join(" ");
  return `has the unknown scheme "${scheme}:"; ${advice}known are ${known}. Name a third party's adapter with adapter: "<its package>"`;
}

function memoryProblem(url: string): string | undefined {
  return /^memory:(?:\/\/[A-Za-z0-9._-]*\/?)?$/i.test(url)
    ? undefined
    : 'has to be "memory:", or "memory://<name>" for another broker in the same process';
}

function serverProblem(url: string): string | undefined {
  const [, authority = ""] = /^[^:]*:\/\/([^/?#]*)/.exec(url) ?? [];
  const at = authority.lastIndexOf("@");
  const user = authority.slice(0, Math.max(at, 0));
  const hosts = authority.slice(at + 1).split(",");
  if (hosts.includes("")) return "has no host; write <scheme>://<host>:<port>";
  if (!decodes(user) || !hosts.every(isHost)) {
    return "has a host or a port that is none; a user or password with characters such as / @ : % has to be percent-encoded, or stand under credentials";
  }
  return undefined;
}

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function isHost(host: string): boolean {
  return URL.canParse(`http://${host}`) && !host.includes("@");
}
