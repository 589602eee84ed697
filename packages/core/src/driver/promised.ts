import type { PublishOutcome, Receipt } from "../contract/index.ts";

/** The promise of `publish`, for a driver that has `post`. */
export function promised(post: (outcome: PublishOutcome) => void): Promise<Receipt> {
  return new Promise((resolve, reject) => post({ confirmed: resolve, refused: reject }));
}
