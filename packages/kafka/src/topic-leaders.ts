import { pause } from "@busbar/core/driver";

/**
 * How long the cluster may take to elect the leaders of a new topic, in milliseconds: as long as a publish may take, since a broker that is busy takes
 * more than 10 s for a few topics at once.
 */
export const leaderTimeoutMs = 30_000;
const leaderPollMs = 20;

/** What a topic answers that has just been made. */
const beingMade: ReadonlySet<unknown> = new Set([
  "LEADER_NOT_AVAILABLE",
  "NOT_LEADER_FOR_PARTITION",
  "REPLICA_NOT_AVAILABLE",
]);

/**
 * The number of partitions of a topic once all of them have their leaders; 0 where there is no such topic.
 *
 * @param countLed Counts them by asking each leader for its end, because who is named as a leader may not know it yet.
 * @param answerOf The name of the broker's answer that an error is, if it is one.
 */
export async function countOnceLed(
  countLed: () => Promise<number>,
  answerOf: (error: unknown) => unknown,
): Promise<number> {
  for (const until = Date.now() + leaderTimeoutMs; ; await pause(leaderPollMs)) {
    try {
      return await countLed();
    } catch (error) {
      const answer = answerOf(error);
      if (answer === "UNKNOWN_TOPIC_OR_PARTITION") return 0;
      if (!beingMade.has(answer) || Date.now() > until) throw error;
    }
  }
}

/** Waits until a topic that was made is there, at most for the time of an election. */
export async function untilThere(partitionCount: () => Promise<number>): Promise<void> {
  for (const until = Date.now() + leaderTimeoutMs; (await partitionCount()) === 0 && Date.now() < until;)
    await pause(leaderPollMs);
}
