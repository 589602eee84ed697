import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { ensureStateFolder } from "./checkout.mjs";
import { runToEnd } from "./run-to-end.mjs";

/**
 * Copies an artifact and everything it needs at run time into the target folder, which appears only when it is complete.
 *
 * @param {object} order
 * @param {string} order.maven path of the program
 * @param {string} order.artifact `group:name:version`
 * @param {string} order.target
 * @param {(line: string) => void} order.log
 * @returns {Promise<void>}
 */
export async function copyMavenJars({ maven, artifact, target, log }) {
  const draft = `${target}.${process.pid}`;
  ensureStateFolder(dirname(target));
  mkdirSync(join(draft, "jars"), { recursive: true });
  try {
    const pom = join(draft, "pom.xml");
    writeFileSync(pom, pomFor(artifact));
    log(`fetching ${artifact} (maven) …`);
    await runToEnd(maven, [
      "-B",
      "-q",
      "-f",
      pom,
      "dependency:copy-dependencies",
      `-DoutputDirectory=${join(draft, "jars")}`,
      "-DincludeScope=runtime",
    ]);
    rmSync(target, { recursive: true, force: true });
    renameSync(join(draft, "jars"), target);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/**
 * Writes a project file whose only content is one dependency.
 *
 * @param {string} artifact
 * @returns {string}
 */
export function pomFor(artifact) {
  const [groupId, artifactId, version] = artifact.split(":");
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>busbar.tools</groupId>
  <artifactId>jars</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>${groupId}</groupId>
      <artifactId>${artifactId}</artifactId>
      <version>${version}</version>
    </dependency>
  </dependencies>
</project>
`;
}
