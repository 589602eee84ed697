import { existsSync } from "node:fs";
import { join } from "node:path";

import { downloadsFolder } from "./checkout.mjs";
import { installGoProgram } from "./go-programs.mjs";
import { natsServer } from "./nats-server.mjs";
import { findProgram } from "./programs.mjs";

/** @import { BrokerKind } from "./broker-kind.mjs" */

/**
 * Describes one version of nats-server, built from its sources by Go: the packages of many systems are years behind.
 *
 * @param {object} edition
 * @param {string} edition.name
 * @param {string} edition.version
 * @param {string} edition.needs the version of Go that its own go.mod asks for: an older one does not build it
 * @returns {BrokerKind}
 */
export function builtNats({ name, version, needs }) {
  const folder = join(downloadsFolder, `nats-server-${version}`);
  return natsServer({
    name,
    async locate() {
      const server = join(folder, "nats-server");
      if (existsSync(server)) {
        return { tools: { server }, version };
      }
      const go = findProgram("go", ["/usr/local/go/bin"]);
      if (go === undefined) {
        return {
          missing: `Go, which builds nats-server ${version} (https://go.dev/dl),`,
          packages: ["golang-go"],
        };
      }
      return {
        missing: `the program nats-server ${version}`,
        download: (log) =>
          installGoProgram({
            go,
            needs,
            program: `github.com/nats-io/nats-server/v2@v${version}`,
            target: folder,
            log,
          }),
      };
    },
  });
}
