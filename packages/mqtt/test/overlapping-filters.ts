import { afterEach, describe, expect, it } from "vitest";
import { acknowledging, Brokers, outbound, request, unique } from "./fixtures.ts";
import type { TestedServer } from "./tested-server.ts";

/** How often a message comes that several subscriptions of one bus fit. */
export function overlappingFilters({ name, url, versions }: TestedServer): void {
  const brokers = new Brokers(url);
  afterEach(() => brokers.close());

  describe.each(versions)(`filters that overlap on ${name}, on version %d`, (protocolVersion) => {
    it.each(["at-least-once", "at-most-once"] as const)(
      "have each subscription given each message once, %s, and settled by it alone",
      async (delivery) => {
        const bus = await brokers.open({ native: { protocolVersion } });
        const topic = unique();
        const filters = [`${topic}.kitchen`, `${topic}.*`, `${topic}.**`, `${topic}.**`];
        const inboxes = filters.map(() => acknowledging());
        for (const [index, filter] of filters.entries())
          await bus.subscribe(request(filter, { delivery }), inboxes[index]?.sink ?? (() => {}));
        const numbers = Array.from({ length: 20 }, (_, index) => String(index));
        for (const number of numbers) await bus.publish(outbound(`${topic}.kitchen`, number, { delivery }));
        await bus.publish(outbound(`${topic}.kitchen`, "end", { delivery }));
        await Promise.all(inboxes.map((inbox) => inbox.until(() => inbox.texts.includes("end"))));
        for (const { texts } of inboxes) expect(texts).toEqual([...numbers, "end"]);
      },
    );
  });
}
