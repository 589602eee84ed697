import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Broker, OutboundRecord, Receipt } from "../../src/contract/index.ts";
import { PublishWindow } from "../../src/bus/publish-window.ts";
import type { PublishSettings } from "../../src/bus/settings.ts";
import { Sweep } from "../../src/delivery/sweep.ts";
import { BusError, ConnectionError, RefusedError } from "../../src/errors.ts";

/** A window over a driver that answers when the test says so. */
function setUp(settings: Partial<PublishSettings> = {}) {
  const sent: {
    readonly record: OutboundRecord;
    readonly resolve: (receipt: Receipt) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  /** What was given to the window, without keeping it alive. */
  const given: WeakRef<OutboundRecord>[] = [];
  const broker = {
    publish: (record: OutboundRecord) =>
      new Promise<Receipt>((resolve, reject) => void sent.push({ record, resolve, reject })),
  } as Broker;
  const window = new PublishWindow("main", { maxInFlight: 3, overflow: "wait", ...settings }, new Sweep());
  window.connected(broker);
  const publish = (id: string, timeoutMs = 30_000, signal?: AbortSignal): Promise<string> => {
    const record: OutboundRecord = {
      address: "t",
      topic: "t",
      body: new Uint8Array(),
      headers: {},
      id,
      timestamp: 0,
      contentType: "",
      delivery: "at-least-once",
      sending: 1,
      publishToken: id,
    };
    given.push(new WeakRef(record));
    return window.send(record, timeoutMs, signal).then(
      () => `${id} confirmed`,
      (error: unknown) => `${id} ${BusError.is(error) ? error.code : String(error)}`,
    );
  };
  const ids = (): string[] => sent.map(({ record }) => `${record.id}${"'".repeat(record.sending - 1)}`);
  const confirm = (index: number): void => sent[index]?.resolve({ id: "" });
  return { window, broker, sent, publish, ids, confirm, given };
}

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** Collects what nothing points to; a `WeakRef` keeps its target alive until the end of the turn. */
async function collectGarbage(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  gc();
}

describe("the publish window", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  it("never has more unconfirmed than the window, and sends in the order of the calls", async () => {
    const { publish, ids, confirm } = setUp();
    const results = ["a", "b", "c", "d", "e"].map((id) => publish(id));
    expect(ids()).toEqual(["a", "b", "c"]);
    confirm(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(ids()).toEqual(["a", "b", "c", "d"]);
    for (const index of [0, 2, 3]) confirm(index);
    await vi.advanceTimersByTimeAsync(0);
    confirm(4);
    expect(await Promise.all(results)).toEqual(["a", "b", "c", "d", "e"].map((id) => `${id} confirmed`));
  });

  it("never has more unconfirmed than the driver takes, as far as it tells, and counts its overflow as it was asked to", async () => {
    const { window, broker, publish, ids, confirm } = setUp({ overflow: "reject" });
    window.connected(broker, 2);
    const results = ["a", "b", "c", "d"].map((id) => publish(id));
    expect(ids()).toEqual(["a", "b"]);
    expect(await results[3]).toBe("d BUSBAR_CAPACITY");
    confirm(0);
    await vi.advanceTimersByTimeAsync(0);
    expect(ids()).toEqual(["a", "b", "c"]);
    window.connected(broker);
    void publish("e");
    expect(ids()).toEqual(["a", "b", "c", "e"]);
    window.connected(broker, 100);
    expect(await publish("f")).toBe("f BUSBAR_CAPACITY");
  });

  it("sends what was lost again, in order, before anything newer, once nothing is under way", async () => {
    const { window, broker, publish, ids, sent } = setUp();
    for (const id of ["a", "b", "c", "d"]) void publish(id);
    window.connected(undefined);
    sent[1]?.reject(new ConnectionError("lost", { code: "BUSBAR_OUTCOME_UNKNOWN" }));
    await vi.advanceTimersByTimeAsync(500);
    window.connected(broker);
    await vi.advanceTimersByTimeAsync(500);
    expect(ids()).toEqual(["a", "b", "c"]);
    sent[2]?.reject(new ConnectionError("lost", { code: "BUSBAR_OUTCOME_UNKNOWN" }));
    sent[0]?.reject(new ConnectionError("lost", { code: "BUSBAR_OUTCOME_UNKNOWN" }));
    await vi.advanceTimersByTimeAsync(500);
    expect(ids()).toEqual(["a", "b", "c", "a'", "b'", "c'"]);
  });

  it("waits for a broker that is away, then says that it was not sent", async () => {
    const { window, publish, ids } = setUp();
    window.connected(undefined);
    const result = publish("a", 1_000);
    await vi.advanceTimersByTimeAsync(1_040);
    expect(await result).toBe("a BUSBAR_TIMEOUT");
    expect(ids()).toEqual([]);
  });

  it("says that the outcome is unknown when it was sent and never confirmed, and gives the slot back", async () => {
    const { publish, ids } = setUp({ maxInFlight: 1 });
    const result = publish("a", 1_000);
    void publish("b", 60_000);
    await vi.advanceTimersByTimeAsync(1_040);
    expect(await result).toBe("a BUSBAR_OUTCOME_UNKNOWN");
    expect(ids()).toEqual(["a", "b"]);
  });

  it("rejects what the broker refuses for good, alone", async () => {
    const { publish, sent, confirm } = setUp();
    const results = ["a", "b"].map((id) => publish(id));
    sent[0]?.reject(new RefusedError("too large", { code: "BUSBAR_TOO_LARGE" }));
    confirm(1);
    expect(await Promise.all(results)).toEqual(["a BUSBAR_TOO_LARGE", "b confirmed"]);
  });

  it.each([
    ["reject", ["a confirmed", "b confirmed", "c BUSBAR_CAPACITY"]],
    ["drop-newest", ["a confirmed", "b confirmed", "c BUSBAR_CAPACITY"]],
    ["drop-oldest", ["a BUSBAR_CAPACITY", "b confirmed", "c confirmed"]],
  ] as const)("with overflow %s keeps its bound while the broker is away", async (overflow, expected) => {
    const { window, broker, publish, sent } = setUp({ maxInFlight: 2, overflow });
    window.connected(undefined);
    const results = ["a", "b", "c"].map((id) => publish(id));
    window.connected(broker);
    for (const { resolve } of sent) resolve({ id: "" });
    expect(await Promise.all(results)).toEqual(expected);
  });

  it("cancels at the caller's signal, whether sent or not", async () => {
    const { publish, ids } = setUp({ maxInFlight: 1 });
    const controller = new AbortController();
    const results = ["a", "b"].map((id) => publish(id, 30_000, controller.signal));
    controller.abort();
    expect(await Promise.all(results)).toEqual(["a BUSBAR_CANCELED", "b BUSBAR_CANCELED"]);
    expect(await publish("c", 30_000, controller.signal)).toBe("c BUSBAR_CANCELED");
    expect(ids()).toEqual(["a"]);
  });

  it("lets go of what was given up while the broker is away, also where one that waits for long came before it", async () => {
    const { window, broker, publish, ids, given } = setUp();
    window.connected(undefined);
    const controller = new AbortController();
    void publish("patient", 600_000);
    const results = Array.from({ length: 200 }, (_, number) =>
      number % 2 === 0 ? publish(`late ${number}`, 1_000) : publish(`gone ${number}`, 600_000, controller.signal),
    );
    void publish("last", 600_000);
    const alive = (): number => given.filter((record) => record.deref() !== undefined).length;
    await collectGarbage();
    expect(alive()).toBe(202);
    controller.abort();
    await vi.advanceTimersByTimeAsync(1_040);
    await Promise.all(results);
    await collectGarbage();
    expect(alive()).toBe(2);
    window.connected(broker);
    expect(ids()).toEqual(["patient", "last"]);
  });

  it("at its close tells apart what was not sent and what may have arrived", async () => {
    const { window, publish } = setUp({ maxInFlight: 1 });
    const results = ["a", "b"].map((id) => publish(id));
    window.close();
    expect(await Promise.all(results)).toEqual(["a BUSBAR_OUTCOME_UNKNOWN", "b BUSBAR_CLOSED"]);
    expect(await publish("c")).toBe("c BUSBAR_CLOSED");
    await window.idle();
  });
});
