import { existsSync } from "node:fs";
import { join } from "node:path";

import { findJavaWithCompiler } from "./java.mjs";
import { copyMavenJars } from "./maven-jars.mjs";
import { findProgram } from "./programs.mjs";

/** @import { Found, Launch, Missing } from "./broker-kind.mjs" */

/**
 * A server that comes as jars from Maven.
 *
 * @typedef {object} JavaServer
 * @property {string} name
 * @property {string} product its whole name
 * @property {string} version
 * @property {string} artifact `group:name:version`
 * @property {string} jars the folder that they are kept in
 */

/**
 * Finds a server's jars, and what runs them. What is missing comes with how to get it.
 *
 * @param {JavaServer} server
 * @param {string | undefined} java what was found to run it
 * @param {{ missing: string, packages: string[] }} wanted what it needs where nothing was found
 * @returns {Found | Missing}
 */
export function locateJars({ name, product, version, artifact, jars }, java, wanted) {
  if (java === undefined) {
    return wanted;
  }
  if (existsSync(jars)) {
    return { tools: { java, jars }, version };
  }
  const maven = findProgram("mvn");
  if (maven === undefined) {
    return { missing: `Maven, which fetches ${name}`, packages: ["maven"] };
  }
  return {
    missing: `the jars of ${product} ${version}`,
    download: (log) => copyMavenJars({ maven, artifact, target: jars, log }),
  };
}

/**
 * The same for a server that is embedded in a program of ours, which Java compiles as it runs it.
 *
 * @param {JavaServer} server
 * @param {number} oldestJava the oldest major version that will do
 * @returns {Found | Missing}
 */
export function locateEmbedded(server, oldestJava) {
  return locateJars(server, findJavaWithCompiler(oldestJava), {
    missing: `Java ${oldestJava} or later with its compiler`,
    packages: ["default-jdk-headless"],
  });
}

/**
 * How such a program is run.
 *
 * @param {JavaServer} server
 * @param {string} program
 * @param {string} folder the server's own
 * @param {Readonly<Record<string, string>>} tools as they were located
 * @returns {Omit<Launch, "files">}
 */
export function runEmbedded({ jars }, program, folder, tools) {
  return {
    command: tools["java"] ?? "java",
    args: [
      "-Xmx512m",
      "-Djava.net.preferIPv4Stack=true",
      // Else a killed one leaves files in the system's temporary folder.
      "-XX:-UsePerfData",
      `-Djava.io.tmpdir=${folder}`,
      "-cp",
      join(tools["jars"] ?? jars, "*"),
      program,
    ],
    env: {},
  };
}
