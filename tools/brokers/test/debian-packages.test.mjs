import assert from "node:assert/strict";
import { test } from "node:test";

import { planInstall } from "../debian-packages.mjs";

const debianRoot = { platform: /** @type {const} */ ("linux"), isRoot: true, hasApt: true };

test("root on Debian installs", () => {
  assert.deepEqual(planInstall(["mosquitto"], true, debianRoot), { install: ["mosquitto"] });
});

test("nothing is installed where it is forbidden, and the command is told", () => {
  assert.deepEqual(planInstall(["nats-server"], false, debianRoot), {
    reason: "BUSBAR_BROKERS=existing forbids installing it",
    command: "apt-get install -y --no-install-recommends nats-server",
  });
});

test("who is not root is told the command with sudo", () => {
  const plan = planInstall(["rabbitmq-server"], true, { ...debianRoot, isRoot: false });
  assert.deepEqual(plan, {
    reason: "only root can install it",
    command: "sudo apt-get install -y --no-install-recommends rabbitmq-server",
  });
});

test("macOS is told Homebrew's names", () => {
  const plan = planInstall(["rabbitmq-server"], true, { platform: "darwin", isRoot: false, hasApt: false });
  assert.deepEqual(plan, { reason: "installing by itself is for Debian only", command: "brew install rabbitmq" });
});

test("another system is told what to look for", () => {
  const plan = planInstall(["default-jre-headless"], true, { platform: "linux", isRoot: true, hasApt: false });
  assert.match("command" in plan ? plan.command : "", /what Debian calls default-jre-headless/);
});
