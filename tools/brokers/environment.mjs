import { mainEndpoint } from "./broker-kind.mjs";
import { brokerKind, brokerNames } from "./known-brokers.mjs";

/** @import { BrokerKind } from "./broker-kind.mjs" */

/**
 * Returns the URLs that the environment gives for a broker, by endpoint, or `undefined` when it gives no main one:
 * `BUSBAR_TEST_RABBITMQ_URL` is the main one, `BUSBAR_TEST_RABBITMQ_MANAGEMENT_URL` that of the endpoint "management".
 *
 * @param {BrokerKind} kind
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Record<string, string> | undefined}
 */
export function urlsFromEnvironment(kind, env = process.env) {
  const main = mainEndpoint(kind);
  const mainUrl = env[mainVariable(kind.name)];
  if (mainUrl === undefined || mainUrl === "") {
    return undefined;
  }
  /** @type {Record<string, string>} */
  const urls = { [main]: mainUrl.includes("://") ? mainUrl : `${main}://${mainUrl}` };
  for (const endpoint of Object.keys(kind.endpoints).filter((name) => name !== main)) {
    const url = env[`${variablePrefix(kind.name)}_${endpoint.toUpperCase()}_URL`];
    if (url !== undefined && url !== "") {
      urls[endpoint] = url;
    }
  }
  return urls;
}

/**
 * Names the variable that replaces our own instance of a broker by somebody's.
 *
 * @param {string} name
 * @returns {string}
 */
export function mainVariable(name) {
  return `${variablePrefix(name)}_URL`;
}

/** @param {string} name */
function variablePrefix(name) {
  return `BUSBAR_TEST_${name.toUpperCase().replaceAll("-", "_")}`;
}

/**
 * Returns the names of the brokers that must not be skipped, from `BUSBAR_REQUIRE_BROKERS`: "all" or names with commas between them.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {readonly string[]} throws when a name is unknown
 */
export function requiredBrokers(env = process.env) {
  if (isEverythingRequired(env)) {
    return brokerNames;
  }
  const names = (env["BUSBAR_REQUIRE_BROKERS"] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return names.map((name) => brokerKind(name).name);
}

/**
 * Tells whether nothing may be left out, brokers and whatever else a suite needs: `BUSBAR_REQUIRE_BROKERS` is "all".
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {boolean}
 */
export function isEverythingRequired(env = process.env) {
  return env["BUSBAR_REQUIRE_BROKERS"]?.trim() === "all";
}

/**
 * Tells whether programs may be installed and fetched: not when `BUSBAR_BROKERS` is "existing".
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {boolean} throws when the variable has an unknown value
 */
export function mayInstall(env = process.env) {
  const value = env["BUSBAR_BROKERS"] ?? "";
  if (value !== "" && value !== "existing") {
    throw new Error(
      `BUSBAR_BROKERS is "${value}"; the only value it takes is "existing", which never installs anything.`,
    );
  }
  return value === "";
}
