import { attw } from "./checkers/attw.mjs";
import { brokerPages } from "./checkers/broker-pages.mjs";
import { build } from "./checkers/build.mjs";
import { conventions } from "./checkers/conventions.mjs";
import { entries } from "./checkers/entries.mjs";
import { format } from "./checkers/format.mjs";
import { layers } from "./checkers/layers.mjs";
import { lint } from "./checkers/lint.mjs";
import { matrix } from "./checkers/matrix.mjs";
import { metadata } from "./checkers/metadata.mjs";
import { publint } from "./checkers/publint.mjs";
import { selfTalk } from "./checkers/self-talk.mjs";
import { types } from "./checkers/types.mjs";
import { unused } from "./checkers/unused.mjs";
import { userTypes } from "./checkers/user-types.mjs";

/** @import { Checker } from "./checker.mjs" */

/**
 * Every checker, in the order in which they run: what is quick to tell first, what needs a build last.
 *
 * @type {readonly Checker[]}
 */
export const checkers = [
  types,
  lint,
  format,
  layers,
  conventions,
  unused,
  matrix,
  brokerPages,
  metadata,
  selfTalk,
  build,
  publint,
  attw,
  entries,
  userTypes,
];
