import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { leaveOut } from "../../../../integration/support/leave-out.ts";
import { brokerKind } from "../../../../tools/brokers/known-brokers.mjs";
import { serverKind } from "../broker-url.ts";

/** A record as Java's client wrote or read it. */
export interface JavaRecord {
  readonly partition?: number;
  readonly key: Buffer | null;
  readonly value: Buffer;
}

const program = join(import.meta.dirname, "JavaClient.java");
const boundMs = 60_000;

/** Java's own Kafka client, out of the jars of the broker. */
export class JavaClient {
  readonly #java: string;
  readonly #jars: string;
  #folder: string | undefined;

  private constructor(java: string, jars: string) {
    this.#java = java;
    this.#jars = join(jars, "*");
  }

  /** `undefined`, with a printed reason, where the jars or a Java that compiles are not here. */
  static async find(): Promise<JavaClient | undefined> {
    const found = await brokerKind(serverKind).locate();
    try {
      if (!("tools" in found)) throw new Error(found.missing);
      const { java = "java", jars = "" } = found.tools;
      execFileSync("javac", ["-version"], { stdio: "ignore" });
      return new JavaClient(java, jars);
    } catch (error) {
      leaveOut(`there is no Java client of Kafka here (${String(error)}).`);
      return undefined;
    }
  }

  /** Compiles it, into a folder that `remove` deletes. */
  compile(): void {
    this.#folder = mkdtempSync(join(tmpdir(), "busbar-kafka-java-"));
    execFileSync("javac", ["-cp", this.#jars, "-d", this.#folder, program], { stdio: "ignore" });
  }

  /** Deletes what was compiled. */
  remove(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Writes records, and resolves to the partition of each. */
  async produce(server: string, topic: string, compression: string, records: readonly JavaRecord[]): Promise<number[]> {
    const input = records.map(
      ({ key, value }) => `${key === null ? "-" : key.toString("hex")} ${value.toString("hex")}`,
    );
    return (await this.#run(["produce", server, topic, compression], input)).map(Number);
  }

  /** Reads so many records of a topic from its beginning. */
  async consume(server: string, topic: string, count: number): Promise<JavaRecord[]> {
    const lines = await this.#run(["consume", server, topic, String(count)], []);
    return lines.map((line) => {
      const [partition = "", key = "", value = ""] = line.split(" ");
      return {
        partition: Number(partition),
        key: key === "-" ? null : Buffer.from(key, "hex"),
        value: Buffer.from(value, "hex"),
      };
    });
  }

  async #run(args: readonly string[], input: readonly string[]): Promise<string[]> {
    if (this.#folder === undefined) throw new Error("Java's client has to be compiled first.");
    const classPath = [this.#folder, this.#jars].join(delimiter);
    const flags = ["-Xmx128m", "-XX:-UsePerfData", "-XX:TieredStopAtLevel=1", "-cp", classPath, "JavaClient"];
    const running = promisify(execFile)(this.#java, [...flags, ...args], {
      timeout: boundMs,
      maxBuffer: 64 * 1024 * 1024,
    });
    running.child.stdin?.end(input.join("\n"));
    const { stdout } = await running;
    return stdout.split("\n").filter((line) => line !== "");
  }
}
