import { jetstreamManager } from "@nats-io/jetstream";
import type { ClusterInfo, JetStreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { Cluster } from "@busbar/testing";
import { InstanceUnavailableError, startInstance } from "../../../tools/brokers/index.mjs";

type Instance = Awaited<ReturnType<typeof startInstance>>;

/** How long three servers may take to agree on one that leads, in milliseconds. */
const electionMs = 60_000;

/** A cluster of three with JetStream, each server a process of its own; or why there is none. */
export async function threeServers(
  kind: "nats" | "nats-latest",
  settings: Record<string, unknown> = {},
): Promise<(Cluster & { readonly instances: readonly Instance[] }) | { readonly missing: string }> {
  const instances: Instance[] = [];
  const close = async (): Promise<void> => void (await Promise.all(instances.map((instance) => instance.destroy())));
  try {
    const routes: string[] = [];
    for (const member of [0, 1, 2]) {
      const instance = await startInstance(kind, {
        label: `member-${member}`,
        // The first promises the ports of all, since each is told of the others.
        extraPorts: member === 0 ? ["route0", "route1", "route2"] : [],
        config: ({ ports }) => {
          if (member === 0) routes.push(...[0, 1, 2].map((index) => `nats://127.0.0.1:${ports[`route${index}`]}`));
          return {
            settings: {
              cluster: { name: "three", listen: routes[member]?.replace("nats://", ""), routes: [...routes] },
              ...settings,
            },
          };
        },
      });
      instances.push(instance);
    }
    const hosts = instances.map(({ url }) => new URL(url).host);
    await withStreams(hosts, agreed);
    return {
      url: `nats://${hosts.join(",")}`,
      size: instances.length,
      instances,
      end: (member) => instanceOf(instances, member).stop({ signal: "SIGKILL" }),
      start: async (member) => {
        await instanceOf(instances, member).start();
        await withStreams(hosts, agreed);
        await withStreams(hosts, caughtUp);
      },
      close,
    };
  } catch (error) {
    await close();
    if (error instanceof InstanceUnavailableError) return { missing: error.message };
    throw error;
  }
}

function instanceOf(instances: readonly Instance[], member: number): Instance {
  const instance = instances[member];
  if (instance === undefined) throw new Error(`There is no server ${member}.`);
  return instance;
}

/** Tries the work again until it does not fail. */
async function withStreams(servers: string[], work: (api: JetStreamManager) => Promise<void>): Promise<void> {
  const client = await connect({ servers });
  const deadline = Date.now() + electionMs;
  try {
    const api = await jetstreamManager(client, { checkAPI: false });
    for (;;) {
      try {
        return await work(api);
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await new Promise((resolve) => void setTimeout(resolve, 100));
      }
    }
  } finally {
    await client.close();
  }
}

/** Resolves where JetStream takes a stream that all three keep, for which each of them has to be one of those that agree. */
async function agreed({ streams }: JetStreamManager): Promise<void> {
  await streams.add({ name: "first", subjects: ["_first"], num_replicas: 3 });
  await streams.delete("first");
}

/** Resolves where whatever is kept on several servers is up to date on all of them. */
async function caughtUp({ streams, consumers }: JetStreamManager): Promise<void> {
  for await (const { config, cluster } of streams.list()) {
    assertCurrent(config.name, config.num_replicas, cluster);
    for await (const consumer of consumers.list(config.name))
      assertCurrent(consumer.name, consumer.config.num_replicas || config.num_replicas, consumer.cluster);
  }
}

function assertCurrent(name: string, kept: number, { leader = "", replicas = [] }: ClusterInfo = {}): void {
  // Who has just come to lead does not know of every other one yet.
  const current = replicas.filter((replica) => replica.current && !replica.offline && (replica.lag ?? 0) === 0);
  if (leader === "" || current.length < kept - 1) throw new Error(`${name} is not up to date on every server.`);
}
