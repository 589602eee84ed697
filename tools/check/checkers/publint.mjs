import { packedPackages, tarballBytes } from "../packed-packages.mjs";

/** @import { Checker } from "../checker.mjs" */

/**
 * What a package manager or a runtime would stumble over in the packed packages.
 *
 * @type {Checker}
 */
export const publint = {
  name: "publint",
  about: "publint over the packed packages",
  async run() {
    // Not at the top: where nothing is installed, the other checkers still say so one by one.
    const library = await import("publint");
    const { formatMessage } = await import("publint/utils");
    const packages = await packedPackages();
    const faults = [];
    for (const one of packages) {
      const { messages, pkg } = await library.publint({ pack: { tarball: tarballBytes(one) }, strict: true });
      for (const message of messages) {
        faults.push({
          rule: message.code,
          where: `${one.folder}/package.json`,
          what: formatMessage(message, pkg, { color: false }) ?? message.code,
        });
      }
    }
    return { seen: `${packages.length} tarballs`, faults };
  },
};
