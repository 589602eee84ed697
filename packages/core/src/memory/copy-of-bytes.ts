/** Copies bytes. Where the runtime has pooled buffers a short copy costs an eighth of a new `Uint8Array`. */
export const copyOfBytes: (bytes: Uint8Array) => Uint8Array =
  typeof globalThis.Buffer === "function" ? (bytes) => globalThis.Buffer.from(bytes) : (bytes) => new Uint8Array(bytes);
