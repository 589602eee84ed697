import { adapter as amqp } from "@busbar/amqp";
import type { Adapter, AdapterOptions } from "@busbar/core/contract";
import { adapter as kafka } from "@busbar/kafka";
import { adapter as mqtt } from "@busbar/mqtt";
import { adapter as nats } from "@busbar/nats";
import { adapter as redis } from "@busbar/redis";
import { describe, expect, it } from "vitest";

/** A timer that is set for longer than a millisecond less fires at once. */
const tooLong = 2_147_483_648;

const adapters: readonly (readonly [string, Adapter, readonly string[]])[] = [
  ["mqtt", mqtt, []],
  ["amqp", amqp, ["consumerTimeoutMs"]],
  ["kafka", kafka, ["requestTimeoutMs", "topicPollMs", "sessionTimeoutMs"]],
  ["nats", nats, ["pingIntervalMs"]],
  ["redis", redis, ["heartbeatMs"]],
];

describe.each(adapters)("%s", (scheme, adapter, native) => {
  const url = `${scheme}://127.0.0.1:1`;

  it.each(["connectTimeoutMs", ...native.map((name) => `native.${name}`)])(
    "refuses %s that no timer takes, and takes the longest that one does",
    (path) => {
      const name = path.replace("native.", "");
      const options = (value: number): AdapterOptions<Record<string, unknown>> =>
        path === name ? { url, [name]: value } : { url, native: { [name]: value } };
      expect(() => adapter.create(options(tooLong))).toThrow(
        expect.objectContaining({
          code: "BUSBAR_CONFIG",
          message: expect.stringMatching(new RegExp(`${name}: .*${tooLong - 1}`)) as string,
        }),
      );
      expect(adapter.create(options(tooLong - 1)).name).toBe(scheme);
    },
  );
});
