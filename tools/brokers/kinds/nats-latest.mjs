import { existsSync } from "node:fs";
import { join } from "node:path";

import { downloadsFolder } from "../checkout.mjs";
import { installGoProgram } from "../go-programs.mjs";
import { natsServer } from "../nats-server.mjs";
import { findProgram, outputOf } from "../programs.mjs";

const version = "2.15.3";
const folder = join(downloadsFolder, `nats-server-${version}`);
/** What its own go.mod asks for: an older one does not build it. */
const goMinor = 26;

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
    const minor = go === undefined ? undefined : /go1\.(\d+)/.exec(outputOf(go, ["version"]))?.[1];
    if (go === undefined || Number(minor ?? 0) < goMinor) {
      return {
        missing: `Go 1.${goMinor} or later, which builds nats-server ${version} (https://go.dev/dl),`,
        packages: ["golang-go"],
      };
    }
    return {
      missing: `the program nats-server ${version}`,
      download: (log) =>
        installGoProgram({ go, program: `github.com/nats-io/nats-server/v2@v${version}`, target: folder, log }),
    };
  },
});
