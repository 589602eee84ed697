import assert from "node:assert/strict";
import { BusError } from "@busbar/core/driver";
import type { Law } from "../law.ts";
import { bytesOf } from "../numbered.ts";
import { record } from "../scene/records.ts";

/** A10, I12 and I13: what a payload becomes, how the bus is, and what is behind it. */
export const insightLaws: readonly Law[] = [
  {
    id: "A10",
    title: "a payload is written and read as its content type says, and bytes of another type stay bytes",
    everywhere: true,
    bus: async (scene) => {
      const topic = scene.topic("types");
      const bus = await scene.bus("main");
      const seen: { payload: unknown; contentType: string }[] = [];
      await bus.subscribe(topic, { deadLetter: false }, (payload, { contentType }) => {
        seen.push({ payload: payload instanceof Uint8Array ? [...payload] : payload, contentType });
      });
      for (const [index, { given, as, arrives, typed }] of conversions.entries()) {
        await bus.publish(topic, given, as === undefined ? {} : { contentType: as });
        await scene.eventually(`payload ${index} arrives`, () => seen.length > index);
        assert.deepEqual(
          seen[index],
          { payload: arrives, contentType: typed },
          `payload ${index} is read as its content type says`,
        );
      }
      const foreign = await scene.broker("foreign");
      await foreign.publish(record(topic, Uint8Array.of(0xe9), { contentType: "text/plain; charset=iso-8859-1" }));
      await scene.eventually("the foreign text arrives", () => seen.length > conversions.length);
      assert.equal(seen.at(-1)?.payload, "é", "a text is read in the character set that it names");
    },
  },
  {
    id: "I12",
    title: "asking how the bus is never fails: it names each broker, and says which is away",
    everywhere: true,
    uses: ["link"],
    deadlines: 6,
    bus: async (scene) => {
      const topic = scene.topic("health");
      const link = scene.hasLink ? await scene.link() : undefined;
      const name = scene.member("main");
      const broker = link === undefined ? await scene.unopened("main") : scene.adopt(await link.create(name));
      const bus = await scene.busOver(broker, "main");
      await bus.subscribe(topic, { deadLetter: false }, () => undefined);
      const well = bus.health();
      assert.equal(well.status, "ok", "a bus whose brokers are there is well");
      assert.deepEqual(
        well.brokers.map((one) => [one.name, one.adapter, one.state, one.product]),
        [["main", broker.name, "connected", scene.effective.product]],
        "it names its brokers",
      );
      assert.deepEqual(
        well.subscriptions.map(({ filter, state }) => [filter, state]),
        [[topic, "running"]],
        "and its subscriptions",
      );
      if (link === undefined) scene.note("only while it is there and closed, the harness has no link to cut");
      else {
        await link.close();
        await scene.eventually(
          "it says that its broker is away",
          () => bus.health().status === "down" && bus.health().brokers[0]?.state !== "connected",
          () => bus.health(),
        );
      }
      await scene.within("closing ends", bus.close({ deadlineMs: 0 }));
      assert.equal(bus.health().status, "down", "a bus that is closed is down, and says so");
    },
  },
  {
    id: "I13",
    title: "the client library's own object is there for whoever needs more than the bus has",
    everywhere: true,
    bus: async (scene) => {
      const bus = await scene.bus("main");
      const native = bus.native();
      assert.ok(native !== undefined && native !== null, "there is an object of the client library's own");
      assert.equal(bus.native("main"), native, "and the same by the name of its broker");
      assert.throws(() => bus.native("nobody"), BusError.is, "and a typed error for a name that nobody has");
    },
  },
];

interface Conversion {
  readonly given: unknown;
  /** The content type that is asked for. */
  readonly as?: string;
  /** What a handler gets; bytes as numbers. */
  readonly arrives: unknown;
  readonly typed: string;
}

const conversions: readonly Conversion[] = [
  { given: { n: 1 }, arrives: { n: 1 }, typed: "application/json" },
  { given: "text", arrives: "text", typed: "application/json" },
  { given: "é, 日本語", as: "text/plain", arrives: "é, 日本語", typed: "text/plain" },
  { given: { n: 2 }, as: "application/vnd.acme+json", arrives: { n: 2 }, typed: "application/vnd.acme+json" },
  { given: bytesOf('{"n":3}'), as: "application/json", arrives: { n: 3 }, typed: "application/json" },
  { given: bytesOf('{"n":4}'), arrives: [...bytesOf('{"n":4}')], typed: "application/octet-stream" },
  { given: Uint8Array.of(0x89, 0x50), as: "image/png", arrives: [0x89, 0x50], typed: "image/png" },
];
