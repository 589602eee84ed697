import { expect, it } from "vitest";
import type { ClientControl, KafkaClient, PartitionOffset } from "../../src/client.ts";
import { Control } from "../../src/control.ts";
import { replay } from "../../src/replay.ts";

it("moves nothing any more once it was aborted", async () => {
  const moved: PartitionOffset[] = [];
  const ending = new AbortController();
  const cluster: Partial<ClientControl> = {
    hasMembers: () => Promise.resolve(false),
    bounds: () => {
      ending.abort(new Error("enough"));
      return Promise.resolve([{ topic: "a", partition: 0, low: 0, high: 9 }]);
    },
    commitFor: (_group, places) => Promise.resolve(void moved.push(...places)),
    close: () => {},
  };
  const client: Partial<KafkaClient> = { connectControl: () => Promise.resolve(cluster as ClientControl) };
  const control = new Control(client as KafkaClient);
  const request = { subscription: "s", topics: ["a"], to: "earliest" } as const;
  await expect(replay(control, request, { signal: ending.signal })).rejects.toThrow("enough");
  await new Promise((resolve) => setImmediate(resolve));
  expect(moved).toEqual([]);
  await replay(control, request);
  expect(moved).toEqual([{ topic: "a", partition: 0, offset: 0 }]);
});
