import type { CapabilityName } from "@busbar/core/contract";
import type { Face } from "./face.ts";
import type { Facility } from "./facility.ts";
import type { Scene } from "./scene/scene.ts";

/** The families of laws, by the letter that their ids begin with. */
export const families = {
  A: "Round trip",
  B: "Fan-out and groups",
  C: "Settlement",
  D: "Order and flow",
  E: "Publish",
  F: "Batch consume",
  G: "Lifecycle",
  H: "Resilience",
  I: "Gated features",
} as const;

/** The letter of a family. */
export type Family = keyof typeof families;

/** The body of a law: resolves when it holds, and rejects with what it saw instead. */
export type LawBody = (scene: Scene) => Promise<void>;

/** One promise that every broker has to keep, and how to find out whether it does. */
export interface Law {
  /** The letter of its family and a number, such as `B2`. Stable: certificates and documents name it. */
  readonly id: `${Family}${number}`;
  /** The promise, as the end of "on every broker …". */
  readonly title: string;
  /** True where every adapter must pass; false where only those must that declare what it `needs`. */
  readonly everywhere: boolean;
  /** The capabilities that it cannot hold without. Where the server lacks one, asking for it must be a typed error instead. */
  readonly needs?: readonly CapabilityName[];
  /** What the harness must be able to do. */
  readonly facility?: Facility;
  /** What it is stronger with. Without it the law is tried in a weaker way, which it notes. */
  readonly uses?: readonly Facility[];
  /** How many deadlines the body may take in all before it is given up. @default 4 */
  readonly deadlines?: number;
  /** One body for both faces, on `scene.client()`. */
  readonly both?: LawBody;
  /** A body for the bare driver, beside or instead of `both`. */
  readonly driver?: LawBody;
  /** A body for the bus, beside or instead of `both`. */
  readonly bus?: LawBody;
}

/** A case that is no law yet. It is registered nowhere and counts as nothing; certificates name it. */
export interface PendingLaw {
  /** The id that it will have. */
  readonly law: Law["id"];
  /** The promise, as the end of "on every broker …". */
  readonly title: string;
  /** What is missing, in words for people. */
  readonly reason: string;
}

/** The bodies that a law has on a face: none where it does not hold there. */
export function bodiesOn(law: Law, face: Face): readonly LawBody[] {
  return [law.both, law[face]].filter((body) => body !== undefined);
}

/** The family that a law belongs to. */
export function familyOf(law: Law): Family {
  return law.id[0] as Family;
}

/** The law's id with its mark: `A1★` for every adapter, `B10◇` for those that declare what it needs. */
export function markedId(law: Law): string {
  return `${law.id}${law.everywhere ? "★" : "◇"}`;
}
