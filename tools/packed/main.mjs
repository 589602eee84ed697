#!/usr/bin/env node
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { brokerStatus, ensureBrokers, stopBrokers } from "../brokers/index.mjs";
import { packedPackages } from "../check/packed-packages.mjs";
import { runNpm, runProgram } from "../check/run-program.mjs";

const help = `Usage: npm run test:packed

Packs the packages as they would be published, installs core and one adapter in an empty folder, once for each adapter, and runs a
ten-line service there against its real broker; then asks for an adapter that is not installed, and expects the command that installs
it. Does the same where the package manager keeps packages apart (npm's linked strategy).
`;

/** Which broker of "npm run brokers" each adapter is tried on. */
const brokerOf = new Map([
  ["mqtt", "mosquitto"],
  ["amqp", "rabbitmq"],
  ["nats", "nats"],
  ["kafka", "kafka"],
  ["redis", "redis"],
]);

const service = `import { connect } from "@busbar/core";

const bus = await connect();
const handled = new Promise((resolve) => {
  bus.subscribe("packed.*.reading", { group: "saver" }, (reading, message) => resolve({ reading, topic: message.topic }))
    .then(() => bus.publish("packed.kitchen.reading", { celsius: 21.5 }));
});
console.log(JSON.stringify(await handled));
await bus.close();
`;

if (process.argv.includes("--help") || process.argv.includes("-h")) process.stdout.write(help);
else process.exitCode = await main();

async function main() {
  const before = await brokerStatus();
  const brokers = await ensureBrokers([...brokerOf.values()], { required: [...brokerOf.values()] });
  const started = [...brokers.keys()].filter((name) => "absent" in (before.brokers.get(name) ?? { absent: true }));
  const packages = await packedPackages();
  let failures = 0;
  try {
    for (const strategy of ["hoisted", "linked"]) {
      for (const [adapter, broker] of brokerOf) {
        const problem = await tryOut(packages, adapter, /** @type {any} */ (brokers.get(broker)).url, strategy);
        console.log(`${problem === undefined ? "good  " : "FAILED"}  @busbar/core and @busbar/${adapter}, ${strategy}`);
        if (problem === undefined) continue;
        failures++;
        console.log(problem);
      }
    }
  } finally {
    if (started.length > 0) await stopBrokers(started);
  }
  return failures === 0 ? 0 : 1;
}

/**
 * Installs and runs the service; tells what went wrong, if something did.
 *
 * @param {readonly import("../check/packed-packages.mjs").PackedPackage[]} packages
 * @param {string} adapter
 * @param {string} url
 * @param {string} strategy
 * @returns {Promise<string | undefined>}
 */
async function tryOut(packages, adapter, url, strategy) {
  const folder = mkdtempSync(join(tmpdir(), `busbar-${adapter}-`));
  try {
    const dependencies = Object.fromEntries(
      packages
        .filter(({ manifest }) => [`@busbar/core`, `@busbar/${adapter}`].includes(manifest["name"]))
        .map(({ manifest, tarball }) => [manifest["name"], `file:${tarball}`]),
    );
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
    writeFileSync(join(folder, "service.js"), service);
    const options = ["--no-audit", "--no-fund", `--install-strategy=${strategy}`];
    const installed = await runNpm(["install", "--prefix", folder, ...options], { cwd: folder });
    if (installed.code !== 0) return installed.stderr;
    const ran = await runService(folder, url);
    if (!ran.stdout.includes('{"reading":{"celsius":21.5},"topic":"packed.kitchen.reading"}'))
      return `The service did not print its reading:\n${ran.stdout}\n${ran.stderr}`;
    const other = adapter === "kafka" ? "nats" : "kafka";
    const missing = await runService(folder, `${other}://127.0.0.1:1`);
    if (!missing.stderr.includes(`npm install @busbar/${other}`))
      return `Asked for an adapter that is not there, it did not print how to install it:\n${missing.stderr}`;
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} folder
 * @param {string} url
 */
function runService(folder, url) {
  return runProgram(
    "env",
    [`BUSBAR_URL=${url}`, "BUSBAR_SERVICE=packed", "BUSBAR_INSTANCE=one", process.execPath, "service.js"],
    {
      cwd: folder,
    },
  );
}
