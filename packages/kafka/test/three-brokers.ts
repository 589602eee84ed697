import { Kafka, logLevel } from "kafkajs";
import type { Admin, PartitionMetadata } from "kafkajs";
import type { Cluster } from "@busbar/testing";
import { InstanceUnavailableError, startInstances } from "../../../tools/brokers/index.mjs";

type Instance = Awaited<ReturnType<typeof startInstances>>[number];

/** Three brokers that are one cluster, and the client of whoever owns it. */
export interface ThreeBrokers extends Cluster {
  readonly instances: readonly Instance[];
  readonly admin: Admin;
  /** What the cluster says of one partition. */
  partition(topic: string, partition?: number): Promise<PartitionMetadata | undefined>;
}

/** How long three brokers may take to agree, in milliseconds: the session of one that was killed has to end before it may come back. */
const catchUpMs = 90_000;

/** A cluster of three KRaft nodes, each broker and controller in one and a process of its own; or why there is none. */
export async function threeBrokers(): Promise<ThreeBrokers | { readonly missing: string }> {
  try {
    const controllers: number[] = [];
    const instances = await startInstances(
      "kafka",
      [0, 1, 2].map((member) => ({
        label: `member-${member}`,
        // The first promises the ports of all, since each is told of the others.
        extraPorts: member === 0 ? ["controller1", "controller2"] : [],
        config: ({ ports: { kafka = 0, controller = 0, controller1 = 0, controller2 = 0 } }) => {
          if (member === 0) controllers.push(controller, controller1, controller2);
          return { settings: settingsOf(member, kafka, controllers) };
        },
      })),
    );
    return await assembled(instances);
  } catch (error) {
    if (error instanceof InstanceUnavailableError) return { missing: error.message };
    throw error;
  }
}

/** The number by which a cluster knows one of its members. */
export function nodeOf(member: number): number {
  return member + 1;
}

function settingsOf(member: number, port: number, controllers: readonly number[]): Record<string, string | number> {
  return {
    "node.id": nodeOf(member),
    "controller.quorum.voters": controllers.map((at, index) => `${nodeOf(index)}@127.0.0.1:${at}`).join(","),
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllers[member]}`,
    "default.replication.factor": 3,
    "offsets.topic.replication.factor": 3,
    "transaction.state.log.replication.factor": 3,
    "transaction.state.log.min.isr": 2,
    // Who was killed is missed, and let in again, sooner.
    "broker.session.timeout.ms": 3_000,
    "broker.heartbeat.interval.ms": 500,
  };
}

async function assembled(instances: readonly Instance[]): Promise<ThreeBrokers> {
  const hosts = instances.map(({ url }) => new URL(url).host);
  const admin = new Kafka({ brokers: hosts, logLevel: logLevel.NOTHING }).admin();
  const close = async (): Promise<void> => {
    await admin.disconnect();
    await Promise.all(instances.map((instance) => instance.destroy()));
  };
  const instanceOf = (member: number): Instance => {
    const instance = instances[member];
    if (instance === undefined) throw new Error(`There is no broker ${member}.`);
    return instance;
  };
  try {
    await admin.connect();
    await untilWhole(admin, instances.length);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: `kafka://${hosts.join(",")}`,
    size: instances.length,
    instances,
    admin,
    partition: async (topic, partition = 0) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return topics[0]?.partitions.find(({ partitionId }) => partitionId === partition);
    },
    end: (member) => instanceOf(member).stop({ signal: "SIGKILL" }),
    start: async (member) => {
      await instanceOf(member).start();
      await untilWhole(admin, instances.length);
    },
    close,
  };
}

/** Resolves once all brokers are there and whatever is kept on several of them is up to date on all of those. */
async function untilWhole(admin: Admin, size: number): Promise<void> {
  for (const deadline = Date.now() + catchUpMs; ;) {
    const problem = await lacking(admin, size).catch((error: unknown) => String(error));
    if (problem === undefined) return;
    if (Date.now() > deadline) throw new Error(problem);
    await new Promise((resolve) => void setTimeout(resolve, 100));
  }
}

async function lacking(admin: Admin, size: number): Promise<string | undefined> {
  const { brokers } = await admin.describeCluster();
  if (brokers.length < size) return `There are ${brokers.length} brokers of ${size}.`;
  const { topics } = await admin.fetchTopicMetadata();
  for (const { name, partitions } of topics)
    for (const { partitionId, isr, replicas } of partitions)
      if (isr.length < replicas.length) return `${name}/${partitionId} is not up to date on every broker.`;
  return undefined;
}
