import { randomInt } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { protocols } from "../hostile/conversations.ts";
import type { Protocol } from "../hostile/conversations.ts";
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

/** The same each time, so that what is found stays found; another one for other damage, and "random" for one that nobody has tried yet. */
const wanted = process.env["BUSBAR_TEST_FUZZ_SEED"] ?? "1";
const seed = wanted === "random" ? randomInt(2 ** 31) : Number(wanted);
/** How often each server does damage; each time takes up to a few seconds, in which it is waited for what never comes. */
const numRuns = Number(process.env["BUSBAR_TEST_FUZZ_RUNS"] ?? 6);

console.log(
  `Damage of seed ${seed}, ${numRuns} times: BUSBAR_TEST_FUZZ_SEED=${seed} BUSBAR_TEST_FUZZ_RUNS=${numRuns} does it again.`,
);

describe.each(protocols)("a server of $name that says what was once said, with damage", (protocol) => {
  it("neither ends nor hangs a process, whatever is damaged", { timeout: 3_600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
        let said = 0;
        await meet(protocol, (chunk) => {
          const number = said++;
          return damages.filter((one) => one.chunk === number).reduce((bytes, one) => damaged(bytes, one), chunk);
        });
      }),
      { numRuns, seed, endOnFailure: true },
    );
  });
});

it("gives a RabbitMQ up that has taken the connection and then means something else by its bytes", async () => {
  const amqp = protocols.find(({ name }) => name === "amqp") as Protocol;
  // The beginning of a frame of 16 MB behind the third answer: what comes next is taken for the rest of it.
  const beginning = Buffer.from("050404010006057602", "hex");
  let said = 0;
  const receipt = await meet(amqp, (chunk) => (said++ === 2 ? Buffer.concat([chunk, beginning]) : chunk));
  expect(receipt).toBeUndefined();
});

function damaged(
  bytes: Buffer,
  { place, taken, put }: { readonly place: number; readonly taken: number; readonly put: Uint8Array },
): Buffer {
  const at = Math.floor(place * bytes.length);
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + taken)]);
}
