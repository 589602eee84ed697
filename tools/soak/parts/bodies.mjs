import { RefusedError } from "@busbar/core";

/** @import { Outcome } from "../assignment.mjs" */
/** @import { PartRun } from "../part-run.mjs" */

/**
 * Publishes bodies that are large, empty, or nothing that a text could be, and compares what arrives with what was sent, byte for byte. A body that
 * is larger than the broker takes must be refused by its type, and the bus must work on.
 *
 * @param {PartRun} run
 * @returns {Promise<Outcome["figures"]>}
 */
export async function bodies(run) {
  const all = allBodies(run.random);
  /** @type {Map<string, Uint8Array>} */
  const arrived = new Map();
  /** @type {Set<string>} */
  const refused = new Set();
  const bus = await run.connect();
  await bus.subscribe(
    "soak.bodies",
    { group: "soak-bodies", concurrency: 4 },
    (/** @type {Uint8Array} */ body, { id }) => void arrived.set(id, body),
  );
  for (const [name, body] of all) {
    run.signal.throwIfAborted();
    run.tell(name);
    try {
      await bus.publish("soak.bodies", body, { id: name });
    } catch (error) {
      const isTooLarge = error instanceof RefusedError && error.code === "BUSBAR_TOO_LARGE";
      run.must(
        isTooLarge,
        `${name} (${body.byteLength} bytes) was refused otherwise than by its size: ${String(error)}`,
      );
      run.must(body.byteLength > 1_000_000, `${name} (${body.byteLength} bytes) was refused by its size`);
      refused.add(name);
    }
  }
  const expected = all.size - refused.size;
  await run.whenCounted("bodies arrived", expected, () => arrived.size);
  let equal = 0;
  for (const [name, body] of all) {
    if (refused.has(name)) {
      continue;
    }
    const got = arrived.get(name);
    const isEqual = got instanceof Uint8Array && Buffer.from(body).equals(got);
    run.must(isEqual, `${name} arrived as ${got === undefined ? "nothing" : `${got.byteLength} other bytes`}`);
    equal += Number(isEqual);
  }
  run.must(![...refused].some((name) => arrived.has(name)), "a body that was refused arrived");
  return {
    published: all.size,
    "equal byte for byte": equal,
    "refused as too large": refused.size === 0 ? "none" : [...refused].join(", "),
  };
}

/**
 * @param {() => number} random
 * @returns {Map<string, Uint8Array>}
 */
function allBodies(random) {
  const noise = (/** @type {number} */ length) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
  const text = (/** @type {string} */ string) => new TextEncoder().encode(string);
  return new Map([
    ["empty", new Uint8Array(0)],
    ["one-zero", Uint8Array.of(0)],
    ["one-line-break", text("\n")],
    ["every-byte", Uint8Array.from({ length: 256 }, (_, index) => index)],
    ["no-utf-8", Uint8Array.of(0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80)],
    ["byte-order-mark", Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d)],
    ["looks-like-json", text('{"__proto__":{"id":1},"value":"eyJ9"}')],
    ["looks-like-an-envelope", text('{"key":"a","value":"b","headers":{}}')],
    ["looks-compressed", Uint8Array.of(0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3)],
    ["protocol-words", text("MSG a 1 0\r\nPING\r\n+OK\r\n$-1\r\n*0\r\n")],
    ["all-zero-64KiB", new Uint8Array(65_536)],
    ["noise-64KiB", noise(65_536)],
    ["noise-128KiB-and-1", noise(131_073)],
    ["noise-1MB", noise(1_000_000)],
    ["noise-1MiB", noise(1_048_576)],
    ["empty-again", new Uint8Array(0)],
  ]);
}
