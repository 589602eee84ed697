import kafkajs from "kafkajs";
import type { Assigner, PartitionAssigner } from "kafkajs";
import { divide } from "../round-robin.ts";

const { AssignerProtocol } = kafkajs;
const { MemberAssignment, MemberMetadata } = AssignerProtocol;

/**
 * kafkajs's own assigner gives a member partitions of topics it never asked for, when the members of a wildcard know different topics for a while;
 * nobody would read those. Name and encoding are those of Java's `RoundRobinAssignor`.
 */
export const groupAssigner: PartitionAssigner = ({ cluster }): Assigner => ({
  name: "roundrobin",
  version: 1,
  assign: ({ members, topics }) => {
    const subscribed = members.map(({ memberId, memberMetadata }) => ({
      memberId,
      topics: new Set(MemberMetadata.decode(memberMetadata)?.topics),
    }));
    const partitions = new Map(
      topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId)]),
    );
    const shares = Array.from(divide(subscribed, partitions), ([memberId, share]) => ({
      memberId,
      memberAssignment: MemberAssignment.encode({
        version: 1,
        assignment: Object.fromEntries(share),
        userData: Buffer.alloc(0),
      }),
    }));
    return Promise.resolve(shares);
  },
  protocol: ({ topics }) => ({
    name: "roundrobin",
    metadata: MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }),
  }),
});
