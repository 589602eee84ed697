import type { PublishOutcome, Receipt } from "../contract/index.ts";
import { abortable } from "./abortable.ts";

/** The promise of `publish`, for a driver that has `post`. With a signal that has aborted nothing is posted; one that aborts later rejects it, and what was posted goes on. */
export function promised(post: (outcome: PublishOutcome) => void, signal?: AbortSignal): Promise<Receipt> {
  if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
  const told = new Promise<Receipt>((resolve, reject) => post({ confirmed: resolve, refused: reject }));
  return abortable(told, signal);
}
