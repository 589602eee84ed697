import { capabilityWords } from "./capability-words.mjs";

/** @import { Certificate } from "./certificates.mjs" */

const signs = /** @type {Readonly<Record<string, string>>} */ ({ native: "✓", emulated: "(✓)", unsupported: "–" });

/**
 * A certificate, and what it is called where that is not product and version.
 *
 * @typedef {object} Shown
 * @property {Certificate} certificate
 * @property {string} [called]
 */

/**
 * Makes the table of all brokers: a row for each capability, a column for each broker.
 *
 * @param {readonly Shown[]} shown
 * @returns {string}
 */
export function matrixOfAll(shown) {
  return markdownTable([
    ["", ...shown.map(titleOf)],
    ...rowsOf(shown).map(([name, words]) => [
      words,
      ...shown.map(({ certificate: { effective } }) => signOf(name, effective[name])),
    ]),
    ["promises of the kit that are kept", ...shown.map(({ certificate }) => keptOf(certificate))],
  ]);
}

/**
 * Makes what the page of one adapter says of its certificates: what it can do at best and on each server that was tried, and how the cases of
 * the kit ended there.
 *
 * @param {readonly Shown[]} shown
 * @returns {string}
 */
export function findingsOf(shown) {
  const [first] = shown;
  const table = markdownTable([
    ["capability", "name", "the adapter at best", ...shown.map(titleOf)],
    ...rowsOf(shown).map(([capability, words]) => [
      words,
      `\`${capability}\``,
      first?.certificate.declared[capability] ?? "unsupported",
      ...shown.map(({ certificate: { effective } }) => effective[capability] ?? "unsupported"),
    ]),
  ]);
  const endings = shown.flatMap((one) => [...endingOf(one), ""]);
  const files = shown.map((one) => `[${titleOf(one)}](../certificates/${one.certificate.name}.json)`);
  return [table, "", ...endings, `Each case by name: ${files.join(", ")}.`].join("\n");
}

/**
 * How the cases of one run ended: those that passed by number, the others one by one, but those that the server is known to break by reason.
 *
 * @param {Shown} shown
 * @returns {readonly string[]}
 */
function endingOf(shown) {
  const { results } = shown.certificate;
  const passed = results.filter(({ status }) => status === "passed");
  const negative = passed.filter(({ form }) => form === "negative");
  const broken = results.filter(({ status }) => status === "broken");
  const reasons = new Set(broken.map(({ reason }) => reason));
  return [
    `The conformance kit, run against ${titleOf(shown)}: ${passed.length} of ${results.length} cases passed` +
      `${negative.length === 0 ? "" : `, ${negative.length} of them by refusing what the broker does not have`}.`,
    ...results
      .filter(({ status }) => status !== "passed" && status !== "broken")
      .map(({ law, face, status, reason }) => `- ${law} on the ${face}: ${status}, ${reason}`),
    ...[...reasons].map((reason) => {
      const laws = new Set(broken.filter((one) => one.reason === reason).map(({ law }) => law));
      return `- ${[...laws].join(", ")}: broken by the server, not tried; ${reason}`;
    }),
  ];
}

/**
 * The capabilities that the certificates know, by name, with their words; throws for one that has none.
 *
 * @param {readonly Shown[]} shown
 */
function rowsOf(shown) {
  const known = new Set(shown.flatMap(({ certificate: { declared } }) => Object.keys(declared)));
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

/** @param {Shown} shown */
function titleOf({ called, certificate: { product, version } }) {
  return called ?? (version === "unknown" ? product : `${product} ${version}`);
}

/** @param {readonly (readonly string[])[]} rows the first of them its heads */
function markdownTable([heads = [], ...rows]) {
  const centred = heads.map((_, column) => (column === 0 ? "---" : ":-:"));
  return [heads, centred, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
