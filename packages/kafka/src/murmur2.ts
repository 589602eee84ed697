const factor = 0x5bd1e995;

/** The hash that Kafka's Java client chooses the partition of a key by, without its sign. The library's own counts in big integers, which takes 18 times as long. */
export function positiveMurmur2(key: Buffer): number {
  const { length } = key;
  let hash = 0x9747b28c ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let word = Math.imul(key.readInt32LE(at), factor);
    word = Math.imul(word ^ (word >>> 24), factor);
    hash = Math.imul(hash, factor) ^ word;
  }
  const left = length - at;
  if (left > 0) {
    for (let index = left - 1; index >= 0; index--) hash ^= (key[at + index] ?? 0) << (8 * index);
    hash = Math.imul(hash, factor);
  }
  hash = Math.imul(hash ^ (hash >>> 13), factor);
  return (hash ^ (hash >>> 15)) & 0x7fffffff;
}
