/** What keeps this process alive now, by kind. */
export function countedResources(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** What keeps this process alive now and did not before, in words. */
export function moreThan(before: ReadonlyMap<string, number>): readonly string[] {
  return [...countedResources()].flatMap(([kind, count]) => {
    const more = count - (before.get(kind) ?? 0);
    return more > 0 ? [`${more} ${kind}`] : [];
  });
}
