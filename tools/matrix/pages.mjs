import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { checkoutFolder } from "../brokers/checkout.mjs";
import { certified } from "./certificates.mjs";
import { withMarkedPart } from "./marked-part.mjs";
import { findingsOf, matrixOfAll } from "./tables.mjs";

/** @import { Certificate } from "./certificates.mjs" */

const command = "npm run matrix";

/**
 * Makes the pages that show certificates, and returns those that differ from what is there.
 *
 * @param {ReadonlyMap<string, Certificate>} certificates by name
 * @returns {readonly { path: string, text: string }[]}
 */
export function changedPages(certificates) {
  const shown = certified.flatMap((place) => {
    const certificate = certificates.get(place.name);
    return certificate === undefined ? [] : [{ ...place, certificate }];
  });
  const pages = new Set(shown.map(({ page }) => page));
  const parts = [
    { path: "README.md", part: matrixOfAll(shown.filter(({ isFurther }) => isFurther !== true)) },
    ...[...pages].map((path) => ({ path, part: findingsOf(shown.filter(({ page }) => page === path)) })),
  ];
  return parts.flatMap(({ path, part }) => {
    const page = readFileSync(join(checkoutFolder, path), "utf8");
    const text = withMarkedPart(path, page, command, part);
    return text === page ? [] : [{ path, text }];
  });
}

/** @param {readonly { path: string, text: string }[]} pages */
export function writePages(pages) {
  for (const { path, text } of pages) {
    writeFileSync(join(checkoutFolder, path), text);
  }
}
