import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { BrokerConfig, DeadLetter } from "@busbar/core";
import { expect, it, onTestFinished } from "vitest";
import { countingBrokers, describeOn } from "./brokers.ts";
import { OpenBuses, unique } from "./open-buses.ts";

const program = fileURLToPath(new URL("deadly-program.ts", import.meta.url));
const tsconfig = fileURLToPath(new URL("../../tsconfig.check.json", import.meta.url));

/** How long a broker waits for a process that says nothing more: as short as it can be. */
const natives: Readonly<Record<string, BrokerConfig["native"]>> = {
  nats: { ackWaitMs: 1_000 },
  redis: { leaseMs: 1_000 },
};

describeOn(countingBrokers, "maxDeliveries", ({ name, url }) => {
  const buses = new OpenBuses();

  it(
    "ends a message that kills one process after the other, and lets the next one through",
    { timeout: 90_000 },
    async () => {
      const [topic, group] = [unique("deadly"), unique("g")];
      const native = natives[name];
      const config = { brokers: { main: native === undefined ? { url } : { url, native } } };
      const bus = await buses.connect(url, config);
      const first = await bus.subscribe(topic, { group }, () => undefined);
      await first.close();
      buses.forgetLater(bus, topic, { group });
      await bus.publish(topic, "deadly", { id: "deadly-1", headers: { one: "1" } });

      const lines: string[] = [];
      for (const life of [1, 2]) {
        const [, signal] = await once(run({ config, topic, group }, lines), "exit");
        expect({ life, signal }).toEqual({ life, signal: "SIGKILL" });
      }
      const survivor = run({ config, topic, group }, lines);
      const letters = async (): Promise<DeadLetter[]> => {
        const found: DeadLetter[] = [];
        for await (const letter of bus.deadLetters(group).list()) found.push(letter);
        return found;
      };
      await expect.poll(letters, { timeout: 20_000 }).toMatchObject([
        {
          id: "deadly-1",
          topic,
          headers: { one: "1" },
          reason: "deliveries-exhausted",
          attempts: 0,
          error: expect.stringContaining("delivery number 3") as string,
        },
      ]);
      await bus.publish(topic, "harmless");
      await expect.poll(() => lines, { timeout: 10_000 }).toEqual(["deadly", "deadly", "harmless"]);

      survivor.kill("SIGTERM");
      await once(survivor, "exit");
      expect(await bus.deadLetters(group).drop()).toBe(1);
    },
  );
});

/** Runs the program, and keeps what it says. */
function run(argument: object, lines: string[]): ChildProcess {
  const child = spawn(
    process.execPath,
    ["--conditions=@busbar/source", "--import", "tsx", program, JSON.stringify(argument)],
    {
      env: { ...process.env, TSX_TSCONFIG_PATH: tsconfig, NODE_OPTIONS: "" },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  createInterface(child.stdout).on("line", (line) => lines.push(line));
  return child;
}
