// The contract between the machinery here and one kind of broker. A new broker is one file under kinds/ that exports
// a BrokerKind, and one line in known-brokers.mjs.

/**
 * Where one instance listens and where it keeps its files: all that a configuration may depend on.
 *
 * @typedef {object} InstancePlace
 * @property {string} folder the instance's own folder, which is also the broker's working directory
 * @property {string} dataFolder where the broker keeps what has to survive its restart
 * @property {Record<string, number>} ports one free loopback port for each name the kind asked for
 */

/**
 * One way in: how its URL is written and what counts as an answer there.
 *
 * @typedef {object} Endpoint
 * @property {(port: number, credentials?: Credentials) => string} url writes its URL
 * @property {import("./probes/probe.mjs").Probe} probe asks whether it is ready
 */

/**
 * A name and password that clients must present; without it everyone on loopback is let in.
 *
 * @typedef {object} Credentials
 * @property {string} username of the one user there is
 * @property {string} password of that user
 */

/**
 * What a caller changes about an instance, in the broker's own vocabulary.
 *
 * @typedef {object} ConfigChanges
 * @property {Record<string, any>} [settings] laid over our settings; `null` removes one. A nested object for NATS and HiveMQ, flat names for the others
 * @property {string} [append] lines put behind the generated configuration file (not for NATS and HiveMQ, whose files are JSON and XML)
 * @property {Record<string, string>} [files] further files, by their path inside the instance's folder
 * @property {Credentials} [credentials] that clients must present from then on
 * @property {Record<string, string>} [env] environment variables of its programs, laid over ours
 * @property {readonly string[]} [endpoints] which of its endpoints are left, where the other changes take some away. Default: all
 */

/**
 * What was found on this machine to start the broker with.
 *
 * @typedef {object} Found
 * @property {Record<string, string>} tools absolute paths by name
 * @property {string} [version] when the program tells it without being started as a broker
 */

/**
 * What has to come onto this machine before the broker can start.
 *
 * @typedef {object} Missing
 * @property {string} missing in words, for people
 * @property {string[]} [packages] Debian packages that bring it
 * @property {(log: (line: string) => void) => Promise<void>} [download] or what fetches it into the checkout's own folder
 */

/**
 * @typedef {object} Launch
 * @property {string} command the program
 * @property {string[]} args its arguments
 * @property {Record<string, string | undefined>} env laid over the environment of the starting process; `undefined` removes a variable
 * @property {Record<string, string>} files configuration files, by their path inside the instance's folder
 * @property {{ command: string, args: string[] }} [prepare] run to its end before the first start on an empty data folder
 */

/**
 * @typedef {object} BrokerKind
 * @property {string} name as typed on the command line
 * @property {Record<string, Endpoint>} endpoints by name; the first one is the broker's main URL
 * @property {string[]} [innerPorts] further ports it needs for itself
 * @property {number} startTimeoutMs how long it may take from spawn until every endpoint answers
 * @property {number} [stopTimeoutMs] how long it may take to end after SIGTERM before it is killed. Default 15,000
 * @property {() => Promise<Found | Missing>} locate looks for the programs, changes nothing
 * @property {(place: InstancePlace, found: Found, changes: ConfigChanges) => Launch} launch pure: it names files, it does not write them
 */

/**
 * Names the endpoint of which the broker's main URL is.
 *
 * @param {Pick<BrokerKind, "endpoints">} kind
 * @returns {string}
 */
export function mainEndpoint({ endpoints }) {
  return Object.keys(endpoints)[0] ?? "";
}
