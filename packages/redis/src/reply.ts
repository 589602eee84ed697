/** What Redis answers (RESP 2), with text as bytes. */
export type Reply = Buffer | string | number | null | readonly Reply[];

/** The reply as text; empty where there is none. */
export function textOf(reply: Reply | undefined): string {
  return Buffer.isBuffer(reply) || typeof reply === "string" || typeof reply === "number" ? String(reply) : "";
}

/** The reply as a list; empty where it is none. */
export function listOf(reply: Reply | undefined): readonly Reply[] {
  return Array.isArray(reply) ? (reply as readonly Reply[]) : [];
}

/** A list of names and values in turn as a map; a name that is there twice has its last value. */
export function pairsOf(reply: Reply | undefined): Map<string, Reply> {
  const flat = listOf(reply);
  const pairs = new Map<string, Reply>();
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.set(textOf(flat[at]), flat[at + 1] ?? null);
  return pairs;
}
