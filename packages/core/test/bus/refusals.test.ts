import { expect, it } from "vitest";
import { connect } from "../../src/index.ts";
import type { Bus } from "../../src/index.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function refusal(call: (open: Bus) => Promise<unknown>): Promise<unknown> {
  const bus = await connect({ brokers: { main: "memory://refusals" }, logger: quiet });
  try {
    return await call(bus).catch((error: unknown) => error);
  } finally {
    await bus.close();
  }
}

it.each([null, undefined, 7, {}])("what is no topic (%j) is refused by every call that takes one", async (value) => {
  const malformed = value as string;
  const calls: readonly ((open: Bus) => Promise<unknown>)[] = [
    (open) => open.publish(malformed, 1),
    (open) => open.publishBatch(malformed, [{ payload: 1 }]),
    (open) => open.request(malformed, 1),
    (open) => open.subscribe(malformed, () => 1),
    (open) => open.subscribeBatch(malformed, { maxSize: 2 }, () => undefined),
    (open) => open.messages(malformed),
    (open) => open.respond(malformed, () => 1),
  ];
  for (const call of calls)
    expect(await refusal(call), String(call)).toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT", retryable: false });
});

it("what no codec writes is refused with the topic and the broker", async () => {
  expect(await refusal((open) => open.publish("a.b", { big: 1n }))).toMatchObject({
    code: "BUSBAR_CODEC",
    topic: "a.b",
    broker: "main",
    message: expect.stringContaining('publish("a.b")') as string,
  });
  expect(await refusal((open) => open.publish("a.b", 1, { contentType: "none" }))).toMatchObject({
    code: "BUSBAR_INVALID_ARGUMENT",
    topic: "a.b",
    broker: "main",
  });
});

it("a guarantee that there is not is refused, and not taken for another one", async () => {
  const exactly = { delivery: "exactly-once" } as never;
  expect(await refusal((open) => open.publish("a", 1, exactly))).toMatchObject({ code: "BUSBAR_INVALID_ARGUMENT" });
});
