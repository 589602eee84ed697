import type { Cluster } from "@busbar/testing";
import { InstanceUnavailableError, startInstances } from "../../../tools/brokers/index.mjs";
import type { BrokerInstance } from "../../../tools/brokers/index.mjs";

/** Three nodes that are one RabbitMQ. */
export interface ThreeNodes extends Cluster {
  readonly instances: readonly BrokerInstance[];
  /** What the management of some node that is there answers to this path. */
  ask<T>(path: string): Promise<T>;
  /** Which of the instances leads the quorum queue. */
  leaderOf(queue: string): Promise<number>;
}

/** How long three nodes may take to agree, in milliseconds. */
const agreementMs = 90_000;

/** A cluster of three RabbitMQs, each a node of its own with the same secret; or why there is none. */
export async function threeNodes(): Promise<ThreeNodes | { readonly missing: string }> {
  let epmd = 0;
  const nameOf = (member: number): string => `member-${member}-${epmd}@localhost`;
  try {
    const instances = await startInstances(
      "rabbitmq",
      [0, 1, 2].map((member) => ({
        label: `member-${member}`,
        config: ({ ports }) => {
          // They find each other by the name server of the first; whoever comes later finds its port taken, and leaves it at that.
          if (member === 0) epmd = ports["epmd"] ?? 0;
          return {
            env: { RABBITMQ_NODENAME: nameOf(member), ERL_EPMD_PORT: String(epmd) },
            // MQTT has a cluster of its own in there, which three that start at once do not always bring about.
            files: { ".erlang.cookie": `BUSBAR${epmd}`, enabled_plugins: "[rabbitmq_management].\n" },
            endpoints: ["amqp", "management"],
            settings: {
              "mqtt.listeners.tcp.1": null,
              "mqtt.allow_anonymous": null,
              "web_mqtt.tcp.ip": null,
              "web_mqtt.tcp.port": null,
              "cluster_formation.peer_discovery_backend": "classic_config",
              ...Object.fromEntries(
                [0, 1, 2].map((other) => [`cluster_formation.classic_config.nodes.${other + 1}`, nameOf(other)]),
              ),
            },
          };
        },
      })),
    );
    return await assembled(instances, [0, 1, 2].map(nameOf));
  } catch (error) {
    if (error instanceof InstanceUnavailableError) return { missing: error.message };
    throw error;
  }
}

async function assembled(instances: readonly BrokerInstance[], names: readonly string[]): Promise<ThreeNodes> {
  const close = async (): Promise<void> => void (await Promise.all(instances.map((instance) => instance.destroy())));
  const instanceOf = (member: number): BrokerInstance => {
    const instance = instances[member];
    if (instance === undefined) throw new Error(`There is no node ${member}.`);
    return instance;
  };
  const ask = async <T>(path: string): Promise<T> => {
    const there = instances.find(({ pid }) => pid !== undefined);
    if (there === undefined) throw new Error("No node is there.");
    return (await answerOf(there, path)).json() as Promise<T>;
  };
  try {
    await untilWhole(instances);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: `amqp://guest:guest@${instances.map(({ url }) => new URL(url).host).join(",")}`,
    size: instances.length,
    instances,
    ask,
    leaderOf: async (queue) => {
      const { leader } = await ask<{ leader: string }>(`queues/%2f/${encodeURIComponent(queue)}`);
      return names.indexOf(leader);
    },
    end: (member) => instanceOf(member).stop({ signal: "SIGKILL" }),
    start: async (member) => {
      await instanceOf(member).start();
      await untilWhole(instances);
    },
    close,
  };
}

/** Resolves once every node knows of all of them, and any of them may end without a quorum queue losing its majority. */
async function untilWhole(instances: readonly BrokerInstance[]): Promise<void> {
  for (const deadline = Date.now() + agreementMs; ;) {
    const problems = await Promise.all(
      instances.map((instance) => lacking(instance, instances.length).catch((error: unknown) => String(error))),
    );
    const problem = problems.find((one) => one !== undefined);
    if (problem === undefined) return;
    if (Date.now() > deadline) throw new Error(problem);
    await new Promise((resolve) => void setTimeout(resolve, 200));
  }
}

async function lacking(instance: BrokerInstance, size: number): Promise<string | undefined> {
  const nodes = (await (await answerOf(instance, "nodes")).json()) as readonly { readonly running: boolean }[];
  const running = nodes.filter((node) => node.running).length;
  if (running < size) return `${running} nodes of ${size} run.`;
  const critical = await answerOf(instance, "health/checks/node-is-quorum-critical");
  return critical.ok ? undefined : `${instance.url} is needed for a majority: ${await critical.text()}`;
}

function answerOf(instance: BrokerInstance, path: string): Promise<Response> {
  const { origin, username, password } = new URL(instance.urls["management"] ?? "");
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  return fetch(`${origin}/api/${path}`, { headers: { authorization } });
}
