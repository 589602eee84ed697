import { layOver } from "./lay-over.mjs";
import { natsInformsOfJetStream } from "./probes/nats.mjs";

/** @import { BrokerKind } from "./broker-kind.mjs" */

/**
 * Describes nats-server with JetStream on files, from wherever its program comes.
 *
 * @param {object} edition
 * @param {string} edition.name
 * @param {BrokerKind["locate"]} edition.locate finds the tool `server`
 * @returns {BrokerKind}
 */
export function natsServer({ name, locate }) {
  return {
    name,
    endpoints: {
      nats: { url: (port) => `nats://127.0.0.1:${port}`, probe: natsInformsOfJetStream },
    },
    startTimeoutMs: 30_000,
    locate,

    launch({ dataFolder, ports }, { tools }, { settings = {}, append, files, credentials }) {
      if (append !== undefined) {
        throw new TypeError(`The configuration of ${name} is JSON: change it by settings, nothing can be appended.`);
      }
      const ours = {
        listen: `127.0.0.1:${ports["nats"]}`,
        server_name: `busbar-${ports["nats"]}`,
        jetstream: { store_dir: dataFolder },
        ...(credentials === undefined
          ? {}
          : { authorization: { user: credentials.username, password: credentials.password } }),
      };
      return {
        command: tools["server"] ?? "nats-server",
        args: ["-c", "nats.conf"],
        env: {},
        files: { "nats.conf": `${JSON.stringify(layOver(ours, settings), undefined, 2)}\n`, ...files },
      };
    },
  };
}
