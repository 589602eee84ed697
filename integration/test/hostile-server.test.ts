import { describe, expect, it } from "vitest";
import { oneOfEach, protocols } from "../hostile/conversations.ts";
import { meet } from "../hostile/meet.ts";

describe.each(oneOfEach)("a server of $protocol that means harm", (protocol) => {
  it.each(Object.entries(protocol.monsters))("does none by %s", async (_name, monster) => {
    const before = process.memoryUsage().rss;
    await meet(protocol, (_chunk, _connection, index) => (index === 0 ? monster : Buffer.alloc(0)));
    expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000);
  });
});

describe.each(protocols)("a server of $name that says what was once said", (protocol) => {
  it("is believed up to a confirmed publish and a message in a handler, so that whatever of it is damaged is met", async () => {
    const { receipt, delivered } = await meet(protocol, (chunk) => chunk);
    expect(receipt).toMatchObject({ id: expect.any(String) as string });
    expect(delivered).toEqual([{ celsius: 21.5 }]);
  });
});
