import { pause } from "@busbar/core/driver";
import type { AssignedPartition, PartitionOffset } from "../client.ts";
import { coordinatorIsComing, isRebalance } from "../classify.ts";
import { divide } from "../round-robin.ts";
import { answerBeside, answerOf } from "./answers.ts";
import { assignorName, readAssignment, readSubscription, writeAssignment, writeSubscription } from "./assignment.ts";
import type { Cluster } from "./cluster.ts";
import type { Connection } from "./library.ts";
import { placesToCommit } from "./questions.ts";

/** What a member of a group is made from. */
export interface GroupOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** How often in a row a group may move on before a member has joined it. */
const maxTries = 20;
const pauseMs = 100;

type Call<Question extends unknown[], Answer> = (
  connection: Connection,
  ...args: [...Question, (error: Error | null, answer?: Answer) => void]
) => void;

/** Tells whether an answer only says that the group is to be joined anew. */
export function hasMovedOn(error: unknown): boolean {
  return isRebalance(error) || coordinatorIsComing(error) || answerOf(error) === "MEMBER_ID_REQUIRED";
}

/** A place in a consumer group: what is said to its coordinator. */
export class Group {
  readonly #cluster: Cluster;
  readonly #options: GroupOptions;
  #coordinator: number | undefined;
  #generation = -1;
  #memberId = "";
  #joining = false;
  #partitionCounts = "";

  constructor(cluster: Cluster, options: GroupOptions) {
    this.#cluster = cluster;
    this.#options = options;
  }

  get memberId(): string | undefined {
    return this.#memberId === "" ? undefined : this.#memberId;
  }

  /** Joins, again and again while the group moves on meanwhile. Resolves to the partitions of this member. */
  async join(): Promise<AssignedPartition[]> {
    this.#joining = true;
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#joinOnce();
        } catch (error) {
          if (!hasMovedOn(error) || attempt >= maxTries || this.#cluster.isCut) throw error;
          const answer = answerOf(error);
          if (answer === "MEMBER_ID_REQUIRED")
            this.#memberId = (answerBeside(error) as { memberId: string | null } | undefined)?.memberId ?? "";
          else if (answer === "UNKNOWN_MEMBER_ID") this.#memberId = "";
          else {
            this.#coordinator = undefined;
            await pause(pauseMs);
          }
        }
      }
    } finally {
      this.#joining = false;
    }
  }

  /** Tells the group that this member lives. */
  async beat(): Promise<void> {
    const { api } = this.#cluster.library.heartbeatV4;
    await this.#ask(api, [this.#options.groupId, this.#generation, this.#memberId]);
  }

  async commit(offsets: readonly PartitionOffset[]): Promise<void> {
    const { api } = this.#cluster.library.offsetCommitV8;
    await this.#ask(api, [this.#options.groupId, this.#generation, this.#memberId, null, placesToCommit(offsets)]);
  }

  /** Takes a member out, so that the group does not wait for its session to end. A coordinator that has just started is waited for: it reads first who is there. */
  async expel(memberId: string): Promise<void> {
    const { api } = this.#cluster.library.leaveGroupV4;
    // A join that is under way holds up whatever comes behind it.
    const lane = this.#joining ? "leave" : "group";
    await this.#cluster.settled(async () => {
      const connection = await this.#cluster.connection(await this.#find(), lane);
      try {
        await this.#cluster.ask(connection, api, [this.#options.groupId, [{ memberId, groupInstanceId: null }]]);
      } catch (error) {
        this.#coordinator = undefined;
        throw error;
      }
    });
  }

  /** Tells whether the topics have other partitions than when this member joined. */
  async hasOtherPartitions(): Promise<boolean> {
    const counts = await this.#countPartitions(this.#options.topics);
    return describe(counts, this.#options.topics) !== this.#partitionCounts;
  }

  async #joinOnce(): Promise<AssignedPartition[]> {
    const { library } = this.#cluster;
    const { groupId, topics, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options;
    const protocols = [{ name: assignorName, metadata: writeSubscription(library, topics) }];
    const joined = await this.#ask(library.joinGroupV6.api, [
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      this.#memberId,
      null,
      "consumer",
      protocols,
    ]);
    this.#memberId = joined.memberId ?? "";
    this.#generation = joined.generationId;
    const shares: { memberId: string; assignment: Buffer }[] = [];
    if (joined.leader === this.#memberId) {
      const members = joined.members.map(({ memberId, metadata }) => ({
        memberId,
        topics: readSubscription(library, metadata),
      }));
      const wanted = new Set(members.flatMap((member) => [...member.topics]));
      for (const [memberId, share] of divide(members, await this.#countPartitions([...wanted])))
        shares.push({ memberId, assignment: writeAssignment(library, share) });
    }
    this.#partitionCounts = describe(await this.#countPartitions(topics), topics);
    const names = [groupId, this.#generation, this.#memberId, null, "consumer", assignorName] as const;
    const { assignment } = await this.#ask(library.syncGroupV4.api, [...names, shares]);
    return readAssignment(library, assignment);
  }

  /** The partitions of the topics. One that is gone has none; each member sees for itself what becomes of it. */
  async #countPartitions(topics: readonly string[]): Promise<Map<string, number[]>> {
    const { topics: found } = await this.#cluster.metadata([...topics]);
    return new Map(
      found.map(({ name, partitions }) => [name ?? "", partitions.map(({ partitionIndex }) => partitionIndex)]),
    );
  }

  async #find(): Promise<number> {
    return (this.#coordinator ??= await this.#cluster.coordinator(this.#options.groupId));
  }

  async #ask<Question extends unknown[], Answer>(call: Call<Question, Answer>, question: Question): Promise<Answer> {
    const { requestTimeoutMs, rebalanceTimeoutMs } = this.#options;
    const connection = await this.#cluster.connection(await this.#find(), "group");
    // The group answers a join when all have joined, and everything behind it later still.
    const boundMs = this.#joining ? requestTimeoutMs + rebalanceTimeoutMs : requestTimeoutMs;
    return this.#cluster.ask(connection, call, question, boundMs);
  }
}

function describe(counts: ReadonlyMap<string, readonly number[]>, topics: readonly string[]): string {
  return topics.map((topic) => `${topic}:${counts.get(topic)?.length ?? 0}`).join();
}
