import { capabilityWords } from "./capability-words.mjs";

/** @import { Certificate } from "./certificates.mjs" */

const signs = /** @type {Readonly<Record<string, string>>} */ ({ native: "✓", emulated: "(✓)", unsupported: "–" });

/**
 * Makes the table of all brokers: a row for each capability, a column for each broker.
 *
 * @param {readonly Certificate[]} certificates
 * @returns {string}
 */
export function matrixOfAll(certificates) {
  return markdownTable([
    ["", ...certificates.map(({ product, version }) => productOf(product, version))],
    ...rowsOf(certificates).map(([name, words]) => [
      words,
      ...certificates.map(({ effective }) => signOf(name, effective[name])),
    ]),
    ["promises of the kit that are kept", ...certificates.map((certificate) => keptOf(certificate))],
  ]);
}

/**
 * Makes what the page of one broker says of its certificate: what it can do at best and on the server that was tried, and how
 * the cases of the kit ended.
 *
 * @param {Certificate} certificate
 * @returns {string}
 */
export function findingsOf(certificate) {
  const { name, product, version, declared, effective, results } = certificate;
  const table = markdownTable([
    ["capability", "name", "the adapter at best", productOf(product, version)],
    ...rowsOf([certificate]).map(([capability, words]) => [
      words,
      `\`${capability}\``,
      declared[capability] ?? "unsupported",
      effective[capability] ?? "unsupported",
    ]),
  ]);
  const passed = results.filter(({ status }) => status === "passed");
  const negative = passed.filter(({ form }) => form === "negative");
  const lines = [
    `The conformance kit, run against ${productOf(product, version)}: ${passed.length} of ${results.length} cases passed` +
      `${negative.length === 0 ? "" : `, ${negative.length} of them by refusing what the broker does not have`}.`,
    ...results
      .filter(({ status }) => status !== "passed")
      .map(({ law, face, status, reason }) => `- ${law} on the ${face}: ${status}, ${reason}`),
    "",
    `Each case by name: [certificate](../certificates/${name}.json).`,
  ];
  return `${table}\n\n${lines.join("\n")}`;
}

/**
 * The capabilities that the certificates know, by name, with their words; throws for one that has none.
 *
 * @param {readonly Certificate[]} certificates
 */
function rowsOf(certificates) {
  const known = new Set(certificates.flatMap(({ declared }) => Object.keys(declared)));
  const wordless = [...known].filter((name) => !(name in capabilityWords));
  if (wordless.length > 0) {
    throw new Error(`tools/matrix/capability-words.mjs has no words for ${wordless.join(", ")}.`);
  }
  return Object.entries(capabilityWords).filter(([name]) => known.has(name));
}

/**
 * @param {string} capability
 * @param {string | undefined} support
 */
function signOf(capability, support = "unsupported") {
  // The one capability that is rather a need.
  if (capability === "memberNames") {
    return support === "unsupported" ? "–" : "yes";
  }
  return signs[support] ?? support;
}

/** @param {Certificate} certificate */
function keptOf({ results }) {
  const laws = new Set(results.filter(({ status }) => status !== "pending").map(({ law }) => law));
  const broken = new Set(results.filter(({ status }) => status === "failed").map(({ law }) => law));
  const passed = new Set(results.filter(({ status }) => status === "passed").map(({ law }) => law));
  const kept = [...laws].filter((law) => passed.has(law) && !broken.has(law));
  return `${kept.length} of ${laws.size}`;
}

/**
 * @param {string} product
 * @param {string} version
 */
function productOf(product, version) {
  return product === "memory" ? "in memory" : version === "unknown" ? product : `${product} ${version}`;
}

/** @param {readonly (readonly string[])[]} rows the first of them its heads */
function markdownTable([heads = [], ...rows]) {
  const centred = heads.map((_, column) => (column === 0 ? "---" : ":-:"));
  return [heads, centred, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
