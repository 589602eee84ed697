import assert from "node:assert/strict";
import { test } from "node:test";

import { canStartInstance, InstanceUnavailableError, startInstance } from "../index.mjs";

/** Here no program can be found: the search path leads nowhere. */
function withoutPrograms(/** @type {import("node:test").TestContext} */ context) {
  const { PATH, JAVA_HOME } = process.env;
  context.after(() => Object.assign(process.env, { PATH, ...(JAVA_HOME === undefined ? {} : { JAVA_HOME }) }));
  process.env["PATH"] = "/nowhere";
  delete process.env["JAVA_HOME"];
}

test("a broker that cannot be had is left out, unless it is required", async (context) => {
  withoutPrograms(context);
  const env = { BUSBAR_BROKERS: "existing" };
  assert.equal(await canStartInstance("hivemq", env), false);
  await assert.rejects(startInstance("hivemq", { env }), InstanceUnavailableError);
  for (const required of ["all", "nats,hivemq"]) {
    const strict = { ...env, BUSBAR_REQUIRE_BROKERS: required };
    assert.equal(await canStartInstance("hivemq", strict), true);
    await assert.rejects(
      startInstance("hivemq", { env: strict }),
      (error) =>
        !(error instanceof InstanceUnavailableError) && /hivemq is required but cannot be had/.test(String(error)),
    );
  }
  assert.equal(await canStartInstance("hivemq", { ...env, BUSBAR_REQUIRE_BROKERS: "nats" }), false);
});
