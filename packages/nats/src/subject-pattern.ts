/** Tells whether every subject that fits `inner` (a subject, or a pattern too) fits `outer`: `*` is one token, `>` one or more at the end. */
export function patternCovers(outer: string, inner: string): boolean {
  const inside = inner.split(".");
  const outside = outer.split(".");
  for (const [index, token] of outside.entries()) {
    const other = inside[index];
    if (other === undefined) return false;
    if (token === ">") return true;
    if (other === ">" || (token !== "*" && token !== other)) return false;
  }
  return outside.length === inside.length;
}

/** The pattern of the subjects that fit both, or `undefined` where there are none. */
export function patternIntersection(one: string, other: string): string | undefined {
  const a = one.split(".");
  const b = other.split(".");
  const both: string[] = [];
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined || right === undefined) return undefined;
    if (left === ">") return [...both, ...b.slice(index)].join(".");
    if (right === ">") return [...both, ...a.slice(index)].join(".");
    if (left !== "*" && right !== "*" && left !== right) return undefined;
    both.push(left === "*" ? right : left);
  }
  return both.join(".");
}
