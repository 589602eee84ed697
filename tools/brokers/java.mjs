import { dirname, join } from "node:path";

import { findProgram, outputOf } from "./programs.mjs";

/**
 * Finds a Java to run programs with, that of `JAVA_HOME` first.
 *
 * @param {number} oldest the oldest major version that will do
 * @returns {string | undefined} the path of `java`
 */
export function findJava(oldest) {
  const java = findProgram("java", javaHome());
  return java !== undefined && majorOf(java) >= oldest ? java : undefined;
}

/**
 * Finds a Java that compiles what it is given to run.
 *
 * @param {number} oldest the oldest major version that will do
 * @returns {string | undefined} the path of `java`
 */
export function findJavaWithCompiler(oldest) {
  const compiler = findProgram("javac", javaHome());
  const java = compiler === undefined ? undefined : findProgram("java", [dirname(compiler)]);
  return java !== undefined && majorOf(java) >= oldest ? java : undefined;
}

function javaHome() {
  const home = process.env["JAVA_HOME"];
  return home === undefined ? [] : [join(home, "bin")];
}

/** @param {string} java */
function majorOf(java) {
  return Number(/version "(?:1\.)?(\d+)/.exec(outputOf(java, ["-version"]))?.[1] ?? 0);
}
