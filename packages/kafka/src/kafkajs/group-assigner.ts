import kafkajs from "kafkajs";
import type { Assigner, Assignment, GroupMember, PartitionAssigner } from "kafkajs";

const { AssignerProtocol } = kafkajs;
const { MemberAssignment, MemberMetadata } = AssignerProtocol;

/**
 * Divides the partitions of each topic in turn among the members that subscribed to it. kafkajs's own assigner gives a member
 * partitions of topics it never asked for, when the members of a wildcard know different topics for a while; nobody
 * would read those. Name and encoding are those of Java's `RoundRobinAssignor`.
 */
export const groupAssigner: PartitionAssigner = ({ cluster }): Assigner => ({
  name: "roundrobin",
  version: 1,
  assign: ({ members, topics }) =>
    Promise.resolve(
      divide(members, topics, (topic) =>
        cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId),
      ),
    ),
  protocol: ({ topics }) => ({
    name: "roundrobin",
    metadata: MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }),
  }),
});

function divide(
  members: readonly GroupMember[],
  topics: readonly string[],
  partitionsOf: (topic: string) => readonly number[],
) {
  const sorted = members
    .map(({ memberId, memberMetadata }) => ({
      memberId,
      topics: new Set(MemberMetadata.decode(memberMetadata)?.topics),
    }))
    .sort((one, other) => (one.memberId < other.memberId ? -1 : 1));
  const shares = new Map<string, Assignment>(sorted.map(({ memberId }) => [memberId, {}]));
  let turn = 0;
  for (const topic of [...topics].sort()) {
    const subscribed = sorted.filter((member) => member.topics.has(topic));
    if (subscribed.length === 0) continue;
    for (const partition of [...partitionsOf(topic)].sort((one, other) => one - other)) {
      const member = subscribed[turn++ % subscribed.length];
      const share = shares.get(member?.memberId ?? "");
      if (share !== undefined) (share[topic] ??= []).push(partition);
    }
  }
  return [...shares].map(([memberId, assignment]) => ({
    memberId,
    memberAssignment: MemberAssignment.encode({ version: 1, assignment, userData: Buffer.alloc(0) }),
  }));
}
