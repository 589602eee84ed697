import { describe, expect, it } from "vitest";
import { protocols } from "../hostile/conversations.ts";
import { meet } from "../hostile/meet.ts";

describe.each(protocols)("a server of $name that means harm", (protocol) => {
  it.each(Object.entries(protocol.monsters))("does none by %s", async (_name, monster) => {
    const before = process.memoryUsage().rss;
    await meet(protocol, (_chunk, _connection, index) => (index === 0 ? monster : Buffer.alloc(0)));
    expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000);
  });
});

// Without NATS, whose client makes up anew each time where it is to be answered.
const repeatable = protocols.filter(({ name }) => name !== "nats");

describe.each(repeatable)("a server of $name that says what was once said", (protocol) => {
  it("is believed up to the confirm of a publish, so that whatever of it is damaged is met", async () => {
    expect(await meet(protocol, (chunk) => chunk)).toBeDefined();
  });
});
