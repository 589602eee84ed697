import { sha256 } from "js-sha256";
import { encodeUtf8 } from "../codec/character-set.ts";

/** The longest readable part of a native name, so that with the hash it fits every broker. */
const maxReadable = 80;

/**
 * The name of something at the broker: what a person can read of the parts, and a hash that keeps names apart which read
 * alike. The same parts give the same name, on every machine and for ever: changing this would orphan queues.
 */
export function nativeName(...parts: readonly string[]): string {
  const readable = parts
    .map((part) =>
      part
        .replaceAll("**", "all")
        .replaceAll("*", "any")
        .replace(/[^A-Za-z0-9_-]+/g, "-"),
    )
    .join("-")
    .slice(0, maxReadable);
  return `${readable}-${sha256(encodeUtf8(parts.join("\0"))).slice(0, 12)}`;
}

/** The stable name of this process, for brokers that know members by name. */
export function memberName(service: string, instance: string): string {
  return `${service}-${instance}`.replace(/[^A-Za-z0-9_-]+/g, "-");
}
