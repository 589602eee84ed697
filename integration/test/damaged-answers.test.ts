import fc from "fast-check";
import { describe, it } from "vitest";
import { protocols } from "../hostile/conversations.ts";
import { meet } from "../hostile/meet.ts";

/** One thing that is done to what a server says: somewhere, bytes are put in place of others. */
const damage = fc.record({
  /** Which chunk, of all that are said. */
  chunk: fc.nat({ max: 30 }),
  /** Where in it, as a part of its length. */
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  taken: fc.nat({ max: 64 }),
  put: fc.uint8Array({ maxLength: 64 }),
});

/** The same each time, so that what is found stays found; another one for other damage. */
const seed = Number(process.env["BUSBAR_TEST_FUZZ_SEED"] ?? 1);

describe.each(protocols)("a server of $name that says what was once said, with damage", (protocol) => {
  it("neither ends nor hangs a process, whatever is damaged", { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
        let said = 0;
        await meet(protocol, (chunk) => {
          const number = said++;
          return damages.filter((one) => one.chunk === number).reduce((bytes, one) => damaged(bytes, one), chunk);
        });
      }),
      { numRuns: 6, seed, endOnFailure: true },
    );
  });
});

function damaged(
  bytes: Buffer,
  { place, taken, put }: { readonly place: number; readonly taken: number; readonly put: Uint8Array },
): Buffer {
  const at = Math.floor(place * bytes.length);
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + taken)]);
}
