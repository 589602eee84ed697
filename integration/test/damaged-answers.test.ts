import { randomInt } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lengthOf } from "../hostile/conversation.ts";
import { protocols } from "../hostile/conversations.ts";
import type { Protocol } from "../hostile/conversations.ts";
import { meet } from "../hostile/meet.ts";

/** Less than 1, and each part as often as the others: what is said last matters as much as what is said first. */
const part = fc.noBias(fc.nat({ max: 9_999 })).map((number) => number / 10_000);

/** What is done to what a server says: in one chunk, somewhere, bytes are put in place of others. */
const damage = fc.record({
  /** Which chunk, as a part of all that the recorded server said. */
  chunk: part,
  /** Where in it, as a part of its length. */
  place: part,
  taken: fc.nat({ max: 64 }),
  /** Whether as many bytes are taken as are put: what frames say of their size stays true, and what is in them is read. */
  isInPlace: fc.boolean(),
  put: fc.uint8Array({ maxLength: 64 }),
});

type Damage = typeof damage extends fc.Arbitrary<infer One> ? One : never;

/** The same each time, so that what is found stays found; another one for other damage, and "random" for one that nobody has tried yet. */
const wanted = process.env["BUSBAR_TEST_FUZZ_SEED"] ?? "1";
const seed = wanted === "random" ? randomInt(2 ** 31) : Number(wanted);
/** How often each server does damage; each time takes up to a few seconds, in which it is waited for what never comes. */
const numRuns = Number(process.env["BUSBAR_TEST_FUZZ_RUNS"] ?? 3);

console.log(
  `Damage of seed ${seed}, ${numRuns} times: BUSBAR_TEST_FUZZ_SEED=${seed} BUSBAR_TEST_FUZZ_RUNS=${numRuns} does it again.`,
);

// At once, for most of it is waiting for what never comes.
describe.concurrent.each(protocols)("a server of $name that says what was once said, with damage", (protocol) => {
  it("neither ends nor hangs a process, whatever is damaged", { timeout: 3_600_000 }, async () => {
    const length = lengthOf(protocol.conversation);
    const done = { chunks: 0, confirmed: 0, delivered: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
        let said = 0;
        const { receipt, delivered } = await meet(protocol, (chunk) => {
          const number = said++;
          const here = damages.filter((one) => Math.floor(one.chunk * length) === number);
          if (here.length > 0) done.chunks++;
          return here.reduce(damaged, chunk);
        });
        done.confirmed += Number(receipt !== undefined);
        done.delivered += Number(delivered.length > 0);
      }),
      { numRuns, seed, endOnFailure: true },
    );
    console.log(
      `${protocol.name}: ${done.chunks} chunks damaged, ${done.confirmed} publishes confirmed, ${done.delivered} times something delivered.`,
    );
    expect(done.chunks).toBeGreaterThan(0);
  });
});

it("gives a RabbitMQ up that has taken the connection and then means something else by its bytes", async () => {
  const amqp = protocols.find(({ name }) => name === "amqp") as Protocol;
  // The beginning of a frame of 16 MB behind the third answer: what comes next is taken for the rest of it.
  const beginning = Buffer.from("050404010006057602", "hex");
  let said = 0;
  const { receipt } = await meet(amqp, (chunk) => (said++ === 2 ? Buffer.concat([chunk, beginning]) : chunk));
  expect(receipt).toBeUndefined();
});

function damaged(bytes: Buffer, { place, taken, isInPlace, put }: Damage): Buffer {
  const at = Math.floor(place * bytes.length);
  const end = isInPlace ? at + put.length : at + taken;
  return Buffer.concat([bytes.subarray(0, at), isInPlace ? put.slice(0, bytes.length - at) : put, bytes.subarray(end)]);
}
