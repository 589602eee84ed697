import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { fromLine, toLine } from "../model/reading-line.ts";
import { readingId } from "../model/reading.ts";
import type { Reading } from "../model/reading.ts";

/** A file, and the ids of the readings that are in it. */
interface Opened {
  readonly file: FileHandle;
  readonly ids: Set<string>;
}

/** The readings that a file holds, one a line, each once. What it held before counts as saved. */
export class ReadingFile {
  readonly #path: string;
  #opening: Promise<Opened> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async has(id: string): Promise<boolean> {
    const { ids } = await this.#open();
    return ids.has(id);
  }

  /** Resolves when the reading is in the file. Calls for one id must not overlap. */
  async add(id: string, reading: Reading): Promise<void> {
    const { file, ids } = await this.#open();
    await file.appendFile(`${toLine(reading)}\n`);
    ids.add(id);
  }

  async close(): Promise<void> {
    const opened = await this.#opening;
    await opened?.file.close();
  }

  #open(): Promise<Opened> {
    return (this.#opening ??= openFile(this.#path));
  }
}

async function openFile(path: string): Promise<Opened> {
  const file = await open(path, "a+");
  const lines = (await file.readFile("utf8")).split("\n").filter((line) => line !== "");
  return { file, ids: new Set(lines.map((line) => readingId(fromLine(line)))) };
}
