import { brokerStatus, InstanceUnavailableError, startInstance } from "../brokers/index.mjs";
import { behindProxy } from "./behind-proxy.mjs";

/**
 * Leaves out, when it is `none`, what needs a server of a suite's own.
 *
 * @type {string}
 */
export const ownServersVariable = "BUSBAR_TEST_OWN_SERVERS";

/**
 * A private broker as the conformance kit takes one: what a suite may restart.
 *
 * @typedef {object} OwnServer
 * @property {string} url where it is; the same over restarts
 * @property {{ listen: number, target: number }} [proxied] the ports of a second listener that names the proxy before it
 * @property {() => Promise<void>} restart by SIGTERM, on the same port and data
 * @property {() => Promise<void>} close ends it; nothing is left of it
 */

/**
 * Makes what the harness of an adapter asks for: a function that starts a private broker. It resolves to the reason where none may be
 * started, since somebody named the broker to test, or can be, since its programs are not here.
 *
 * @param {string} name of the broker, as on the command line of `npm run brokers`
 * @param {{ isBehindProxy?: boolean, endpoint?: string }} [options] `isBehindProxy` gives it a second listener, which tells clients to go to a proxy;
 *   `endpoint` is which of its ways in is tried, and the main one by default
 * @returns {() => Promise<OwnServer | { missing: string }>}
 */
export function ownServer(name, { isBehindProxy = false, endpoint } = {}) {
  return async () => {
    if (process.env[ownServersVariable] === "none") {
      return { missing: `${ownServersVariable} is "none"` };
    }
    const variable = `BUSBAR_TEST_${name.toUpperCase().replaceAll("-", "_")}_URL`;
    if (await isGiven(name, process.env[variable])) {
      return { missing: `${variable} names a server that is not ours to restart` };
    }
    try {
      const instance = await startInstance(name, { label: "conformance", ...(isBehindProxy ? behindProxy : {}) });
      const { proxy: listen, proxied: target } = instance.ports;
      return {
        url: (endpoint === undefined ? undefined : instance.urls[endpoint]) ?? instance.url,
        ...(listen === undefined || target === undefined ? {} : { proxied: { listen, target } }),
        restart: () => instance.restart({ signal: "SIGTERM" }),
        close: () => instance.destroy(),
      };
    } catch (error) {
      if (error instanceof InstanceUnavailableError) {
        return { missing: error.message };
      }
      throw error;
    }
  };
}

/**
 * Tells whether the address is one that a user gave, and not that of the development broker of this checkout.
 *
 * @param {string} name
 * @param {string | undefined} url
 */
async function isGiven(name, url) {
  const { brokers } = await brokerStatus([name], { env: {} });
  const development = brokers.get(name);
  return (
    url !== undefined && url !== "" && !(development !== undefined && "url" in development && development.url === url)
  );
}
