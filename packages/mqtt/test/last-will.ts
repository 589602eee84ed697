import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { acknowledging, Brokers, foreign, outbound, request, status, unique } from "./fixtures.ts";
import type { Inbox } from "./fixtures.ts";
import type { TestedServer } from "./tested-server.ts";
import { describeWhere } from "../../../integration/support/where.ts";

const program = fileURLToPath(new URL("program-with-a-will.ts", import.meta.url));
const sourceArguments = ["--conditions=@busbar/source", "--import", "tsx"];

/** What becomes of a last will on a server: when it is published, how, and when not. */
export function lastWill({ name, url, versions, mostQos }: TestedServer): void {
  const brokers = new Brokers(url);
  afterEach(() => brokers.close());

  /** Listens to a topic and all below it, by a broker that has no will. */
  async function listening(
    topic: string,
  ): Promise<{ inbox: Inbox; publish: (topic: string, text: string) => Promise<unknown> }> {
    const broker = await brokers.open({ native: { protocolVersion: versions[0] ?? 5 } });
    const inbox = acknowledging();
    await broker.subscribe(request(`${topic}.**`), inbox.sink);
    return { inbox, publish: (to, body) => broker.publish(outbound(to, body)) };
  }

  describe.each(versions)(`a last will on ${name}, on version %d`, (protocolVersion) => {
    it("is published when the connection is lost, and again when the next one is", async () => {
      const topic = unique();
      const { inbox } = await listening(topic);
      const dying = await brokers.open({
        native: { protocolVersion, will: { topic: `${topic}.gone`, payload: { id: 7 } } },
      });
      dying.native.stream.destroy();
      await inbox.received(1);
      expect(inbox.texts).toEqual(['{"id":7}']);
      expect(inbox.deliveries[0]?.record.address).toBe(`${topic}.gone`);
      await status(dying, "connected");
      dying.native.stream.destroy();
      await inbox.received(2);
    });

    it("is not published after a goodbye", async () => {
      const topic = unique();
      const { inbox, publish } = await listening(topic);
      const ending = await brokers.open({ native: { protocolVersion, will: { topic: `${topic}.gone` } } });
      await ending.close();
      await publish(`${topic}.later`, "later");
      await inbox.received(1);
      expect(inbox.texts).toEqual(["later"]);
    });

    it("is kept for who comes later, where it is to be", async () => {
      const topic = unique();
      const { inbox } = await listening(topic);
      const payload = Uint8Array.from([1, 2]);
      const will = { topic: `${topic}.state`, payload, retain: true } as const;
      const dying = await brokers.open({ native: { protocolVersion, will } });
      dying.native.stream.destroy();
      await inbox.received(1);
      const late = acknowledging();
      const reader = await brokers.open({ native: { protocolVersion } });
      // By its name: not every server finds by a wildcard what it keeps.
      await reader.subscribe(request(`${topic}.state`), late.sink);
      await late.received(1);
      expect(late.deliveries[0]?.record).toMatchObject({ retained: true, body: Buffer.from(payload) });
      await reader.native.publishAsync(`${topic}/state`, "", { retain: true, qos: 1 });
    });

    it.each([
      ["at least once", {}, 1],
      ["at least once at QoS 2, where all else does", { qos: 2, weakerQos: "accept" }, mostQos],
      ["at most once", { delivery: "at-most-once" }, 0],
    ] as const)("travels %s", async (_, { delivery, ...native }: Wish, quality) => {
      const topic = unique();
      // Whoever subscribes at QoS 2 is given a message as it was published.
      const witness = await foreign(url, { protocolVersion });
      await witness.subscribeAsync(`${topic}/gone`, { qos: 2 });
      const arrival = new Promise<number>((resolve) => {
        witness.on("message", (_topic, _payload, { qos }) => resolve(qos));
      });
      const will = { topic: `${topic}.gone`, ...(delivery === undefined ? {} : { delivery }) };
      const dying = await brokers.open({ native: { protocolVersion, will, ...native } });
      dying.native.stream.destroy();
      await expect(arrival).resolves.toBe(quality);
      await witness.endAsync();
    });

    it.each([
      ["is killed", "SIGKILL"],
      ["says nothing for longer than the keepalive, though its connection is open", "SIGSTOP"],
    ] as const)("is published when the process %s", async (_, signal) => {
      const topic = unique();
      const { inbox } = await listening(topic);
      const dying = spawn(
        process.execPath,
        [...sourceArguments, program, url, String(protocolVersion), `${topic}.gone`],
        {
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      try {
        await once(dying.stdout, "data");
        expect(inbox.texts).toEqual([]);
        dying.kill(signal);
        await inbox.received(1);
        expect(inbox.texts).toEqual(['"lost"']);
      } finally {
        dying.kill("SIGKILL");
      }
    });
  });

  describeWhere(versions.includes(5))(`a last will that waits on ${name}`, () => {
    it("is published once its time is over, and not for a process that came back before", async () => {
      const topic = unique();
      const { inbox } = await listening(topic);
      const back = await brokers.open({ native: { will: { topic: `${topic}.back`, delayMs: 1_000 } } });
      back.native.stream.destroy();
      await status(back, "connected");
      // Lost later, with a longer wait, and for good: when this will comes, the time of the other one is long over.
      const lost = await brokers.open({ native: { will: { topic: `${topic}.lost`, delayMs: 2_000 } } });
      lost.native.stream.destroy();
      await lost.close();
      await inbox.received(1);
      expect(inbox.deliveries.map(({ record }) => record.address)).toEqual([`${topic}.lost`]);
    });
  });
}

/** How a will is to travel, and everything else. */
interface Wish {
  readonly delivery?: "at-most-once";
  readonly qos?: 2;
  readonly weakerQos?: "accept";
}
