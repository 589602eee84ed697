import { certificatesFolder, readCertificates } from "../../matrix/certificates.mjs";
import { changedPages } from "../../matrix/pages.mjs";

/** @import { Checker } from "../checker.mjs" */

/**
 * The tables of what each broker can do, as "npm run matrix" writes them.
 *
 * @type {Checker}
 */
export const matrix = {
  name: "matrix",
  about: "tables of README.md and docs/brokers that are not what docs/certificates says",
  run() {
    const certificates = readCertificates(certificatesFolder);
    const faults = changedPages(certificates).map(({ path }) => ({
      rule: "matrix",
      where: path,
      what: 'not as "npm run matrix" writes it',
    }));
    return Promise.resolve({ seen: `${certificates.size} certificates`, faults });
  },
};
