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
