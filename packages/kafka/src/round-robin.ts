/** One member and the topics that it subscribed to. */
export interface SubscribedMember {
  readonly memberId: string;
  readonly topics: ReadonlySet<string>;
}

/**
 * Divides the partitions of each topic in turn among the members that subscribed to it. Whoever leads a group divides for all of it, so every
 * client has to divide alike.
 */
export function divide(
  members: readonly SubscribedMember[],
  partitionsOf: ReadonlyMap<string, readonly number[]>,
): Map<string, Map<string, number[]>> {
  const sorted = [...members].sort((one, other) => (one.memberId < other.memberId ? -1 : 1));
  const shares = new Map(sorted.map(({ memberId }) => [memberId, new Map<string, number[]>()]));
  let turn = 0;
  for (const topic of [...partitionsOf.keys()].sort()) {
    const subscribed = sorted.filter((member) => member.topics.has(topic));
    if (subscribed.length === 0) continue;
    for (const partition of [...(partitionsOf.get(topic) ?? [])].sort((one, other) => one - other)) {
      const share = shares.get(subscribed[turn++ % subscribed.length]?.memberId ?? "");
      const mine = share?.get(topic);
      if (mine === undefined) share?.set(topic, [partition]);
      else mine.push(partition);
    }
  }
  return shares;
}
