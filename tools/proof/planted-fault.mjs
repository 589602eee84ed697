/**
 * A fault to plant and the rule that has to find it.
 *
 * @typedef {object} PlantedFault
 * @property {string} checker
 * @property {string} rule
 * @property {string} file from the root; where the fault must be found as well, unless `where` says otherwise
 * @property {string | ((text: string) => string)} plant the file's whole text, or what becomes of the text that is there
 * @property {string} [where] the start of the place where it must be found; "" for anywhere
 * @property {boolean} [alone] set where it would hide other faults of the same checker
 */

/**
 * Makes a fault out of a file that is not there yet.
 *
 * @param {string} checker
 * @param {string} rule
 * @param {string} file
 * @param {string} text
 * @returns {PlantedFault}
 */
export function newFile(checker, rule, file, text) {
  return { checker, rule, file, plant: text.endsWith("\n") ? text : `${text}\n` };
}

/**
 * Makes a fault out of a replacement in a file; planting it throws when there is nothing to replace.
 *
 * @param {string} checker
 * @param {string} rule
 * @param {string} file
 * @param {string | RegExp} from
 * @param {string} to
 * @returns {PlantedFault}
 */
export function replaced(checker, rule, file, from, to) {
  return {
    checker,
    rule,
    file,
    plant(text) {
      const changed = text.replace(from, to);
      if (changed === text) {
        throw new Error(`${file} has no ${String(from)} to plant a fault in`);
      }
      return changed;
    },
  };
}

/**
 * Makes a fault out of a change in a package.json.
 *
 * @param {string} checker
 * @param {string} rule
 * @param {string} folder
 * @param {(manifest: Record<string, any>) => void} change
 * @returns {PlantedFault}
 */
export function inManifest(checker, rule, folder, change) {
  return {
    checker,
    rule,
    file: `${folder}/package.json`,
    plant(text) {
      const manifest = JSON.parse(text);
      change(manifest);
      return `${JSON.stringify(manifest, undefined, 2)}\n`;
    },
  };
}
