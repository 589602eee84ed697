import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { completeFolder } from "./complete-folder.mjs";
import { runToEnd } from "./run-to-end.mjs";

/**
 * Copies an artifact and everything it needs at run time into the target folder, unless it is there.
 *
 * @param {object} order
 * @param {string} order.maven path of the program
 * @param {string} order.artifact `group:name:version`
 * @param {string} order.target
 * @param {(line: string) => void} order.log
 * @returns {Promise<void>}
 */
export function copyMavenJars({ maven, artifact, target, log }) {
  return completeFolder(
    target,
    async (folder) => {
      const pom = join(folder, "pom.xml");
      writeFileSync(pom, pomFor(artifact));
      log(`fetching ${artifact} (maven) …`);
      const copy = ["dependency:copy-dependencies", `-DoutputDirectory=${folder}`, "-DincludeScope=runtime"];
      await runToEnd(maven, ["-B", "-q", "-f", pom, ...copy]);
    },
    log,
  );
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
