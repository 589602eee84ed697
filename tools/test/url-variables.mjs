/**
 * Says, when set, that somebody has named the brokers to the suites already.
 *
 * @type {string}
 */
export const runVariable = "BUSBAR_TEST_RUN";

/**
 * Returns the variables that tell test suites where brokers are: `BUSBAR_TEST_MOSQUITTO_URL` for the main endpoint,
 * `BUSBAR_TEST_MOSQUITTO_WS_URL` for the one called "ws".
 *
 * @param {Iterable<{ name: string, url: string, urls: Record<string, string> }>} brokers
 * @returns {Record<string, string>}
 */
export function urlVariables(brokers) {
  /** @type {Record<string, string>} */
  const variables = {};
  for (const { name, url, urls } of brokers) {
    const prefix = `BUSBAR_TEST_${name.toUpperCase().replaceAll("-", "_")}`;
    variables[`${prefix}_URL`] = url;
    for (const [endpoint, address] of Object.entries(urls)) {
      if (address !== url) {
        variables[`${prefix}_${endpoint.toUpperCase()}_URL`] = address;
      }
    }
  }
  return variables;
}
