import { existsSync } from "node:fs";
import { join } from "node:path";

import { downloadsFolder } from "../checkout.mjs";
import { installGoProgram } from "../go-programs.mjs";
import { natsServer } from "../nats-server.mjs";
import { findProgram } from "../programs.mjs";

const version = "2.15.3";
const folder = join(downloadsFolder, `nats-server-${version}`);
/** As its own go.mod asks for: an older one does not build it. */
const needs = "1.26.8";

/**
 * A nats-server of today, built from its sources by Go: the packages of many systems are years behind.
 */
export const natsLatest = natsServer({
  name: "nats-latest",
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
        installGoProgram({ go, needs, program: `github.com/nats-io/nats-server/v2@v${version}`, target: folder, log }),
    };
  },
});
