import { distance } from "fastest-levenshtein";
import type { AdapterOptions } from "../contract/index.ts";

/**
 * Finds the keys of an options object that nobody knows: one sentence a key, with the nearest known one where there is a
 * near one. For strict options: a misspelt key is an error, not a default.
 *
 * @param path Where the object stands, such as `brokers.edge.native`.
 */
export function unknownKeyProblems(value: object, known: readonly string[], path: string): string[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const near = nearest(key, known);
      const advice = near === undefined ? `known are ${known.join(", ")}` : `did you mean "${near}"?`;
      return `${path === "" ? "" : `${path}: `}unknown key "${key}"; ${advice}`;
    });
}

const optionKeys = ["url", "credentials", "tls", "clientName", "connectTimeoutMs", "topology", "native"];
const credentialKeys = ["username", "password", "token"];
const tlsKeys = ["ca", "cert", "key", "passphrase", "servername", "rejectUnauthorized"];

/** Finds the keys that nobody knows in the options of an adapter, in everything that all adapters take and in what it calls `native`. */
export function unknownOptionProblems(options: AdapterOptions<object>, nativeKeys: readonly string[]): string[] {
  return [
    ...unknownKeyProblems(options, optionKeys, ""),
    ...unknownKeyProblems(options.credentials ?? {}, credentialKeys, "credentials"),
    ...unknownKeyProblems(options.tls ?? {}, tlsKeys, "tls"),
    ...unknownKeyProblems(options.native ?? {}, nativeKeys, "native"),
  ];
}

/** The known word that is only a few letters away, or `undefined`. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const scored = known.map((candidate) => ({ candidate, far: distance(word.toLowerCase(), candidate.toLowerCase()) }));
  const best = scored.sort((one, other) => one.far - other.far)[0];
  return best !== undefined && best.far <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : undefined;
}
