/** Writes bytes as base64. */
export function toBase64(bytes: Uint8Array): string {
  if (typeof globalThis.Buffer === "function") return globalThis.Buffer.from(bytes).toString("base64");
  return btoa(Array.from(bytes, (byte) => String.fromCodePoint(byte)).join(""));
}

/** Reads base64 back. */
export function fromBase64(text: string): Uint8Array {
  if (typeof globalThis.Buffer === "function") return globalThis.Buffer.from(text, "base64");
  return Uint8Array.from(atob(text), (character) => character.codePointAt(0) ?? 0);
}
