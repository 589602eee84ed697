import { expect, it } from "vitest";
import { bodies, collect, numbers, record, request, unique } from "./fixtures.ts";
import { throughEachClient } from "./through-each-client.ts";

throughEachClient("a wildcard", ({ broker, publishAll }) => {
  it("picks up topics that come later from their first message", async () => {
    const stem = unique("wild");
    const wanted = request(`${stem}.*`);
    const { inbox, subscriber } = await collect(broker, wanted);
    await publishAll(`${stem}.one`, numbers(3));
    await broker.publish(record(`${stem}.two.deeper`, "no"));
    await inbox.count(3);
    await publishAll(`${stem}.two`, numbers(3, 10));
    await inbox.count(6);
    expect(bodies(inbox.items).sort()).toEqual(["0", "1", "10", "11", "12", "2"]);
    expect(new Set(inbox.items.map(({ record: { address } }) => address))).toEqual(
      new Set([`${stem}.one`, `${stem}.two`]),
    );
    await subscriber.remove();
  }, 60_000);

  it("that fitted nothing loses nothing over a restart", async () => {
    const stem = unique("wild.restart");
    const wanted = request(`${stem}.**`);
    const first = await collect(broker, wanted);
    await first.subscriber.close();
    await publishAll(`${stem}.late`, numbers(4));
    const second = await collect(broker, wanted);
    expect(bodies(await second.inbox.count(4)).sort()).toEqual(numbers(4));
    await second.subscriber.remove();
  });
});
