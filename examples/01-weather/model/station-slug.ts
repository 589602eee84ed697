/** A station's name as one token of a topic: "New York" is `new-york`. Throws for a name that has no letter and no digit. */
export function stationSlug(name: string): string {
  const slug = name
    .normalize("NFKD")
    .replaceAll(/\p{Mark}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  if (slug === "") throw new Error(`The station "${name}" has no letter and no digit to name a topic with.`);
  return slug;
}
