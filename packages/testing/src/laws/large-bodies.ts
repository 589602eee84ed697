import assert from "node:assert/strict";
import { BusError } from "@busbar/core/driver";
import type { Law } from "../law.ts";
import { bytesOf, textOf } from "../numbered.ts";

/** What is tried unless the server states a limit that is not much larger, in bytes, and no round number. */
const largeBytes = 4 * 1024 * 1024 + 7;

/** The largest limit that is gone beyond, in bytes. */
const largestExceeded = 64 * 1024 * 1024;

/** E8: how large a body may be. */
export const largeBodyLaws: readonly Law[] = [
  {
    id: "E8",
    title: "a large body arrives whole, and one over a stated limit is refused as such while the connection goes on",
    everywhere: true,
    both: async (scene) => {
      const topic = scene.topic("large");
      const inbox = await (await scene.client("consumer")).subscribe(topic);
      const publisher = await scene.client("publisher");
      const limit = scene.effective.limits.maxBodyBytes;
      // Half of a limit, because some servers count what travels beside the body too.
      const large = patterned(Math.min(largeBytes, Math.floor((limit ?? Number.POSITIVE_INFINITY) / 2)));
      await scene.within("the publish of a large body is confirmed", publisher.publish(topic, large));
      await scene.arrives(inbox, 1, "a large body arrives");
      const arrived = inbox.received[0]?.body ?? new Uint8Array();
      assert.ok(Buffer.compare(large, arrived) === 0, `it is whole, and as it was: ${large.length} bytes`);

      if (limit === undefined) scene.note(`${large.length} bytes arrived; the server states no limit to go beyond`);
      else if (limit > largestExceeded) scene.note(`a limit of ${limit} bytes is more than is gone beyond`);
      else {
        await assert.rejects(
          scene.within("a publish over the limit is answered", publisher.publish(topic, new Uint8Array(limit + 1))),
          (error: unknown) => BusError.is(error) && error.code === "BUSBAR_TOO_LARGE" && !error.retryable,
          "a body over the limit is refused as such",
        );
      }
      await publisher.publish(topic, bytesOf("after"));
      await scene.arrives(inbox, 2, "what follows arrives");
      assert.equal(textOf(inbox.received[1]?.body ?? new Uint8Array()), "after", "and nothing of what was refused");
    },
  },
];

/** Bytes that differ from their neighbours, so that no piece can take the place of another. */
function patterned(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 7) & 0xff);
}
