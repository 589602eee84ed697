import { isDuration, longestMs } from "../driver/duration.ts";
import { nearest, unknownKeyProblems } from "../driver/known-keys.ts";
import { formatPath, problemAt } from "./config-source.ts";
import type { ConfigPath, ConfigProblem, ConfigSource } from "./config-source.ts";

/** The reading of one configuration: where it came from, and every problem found so far. */
export class ConfigReading {
  readonly source: ConfigSource;
  readonly #problems: ConfigProblem[];

  constructor(source: ConfigSource) {
    this.source = source;
    this.#problems = [...source.problems];
  }

  /** Everything that was noted so far, in the order of the lines. */
  get problems(): readonly string[] {
    const lineOf = ({ line }: ConfigProblem): number => line ?? 0;
    return this.#problems.toSorted((one, other) => lineOf(one) - lineOf(other)).map(({ text }) => text);
  }

  /** Notes a problem at a path. `text` is the end of a sentence and holds no value that was configured. */
  report(path: ConfigPath, text: string): undefined {
    if (!this.source.isBroken(path)) this.add(problemAt(this.source, path, text), this.source.lineOf(path));
  }

  /** Notes a problem that has its place already; the same one counts once. */
  add(text: string, line?: number): void {
    if (!this.#problems.some((problem) => problem.text === text)) this.#problems.push({ line, text });
  }

  /** Tells whether the value at a path came from the environment, and so may be a secret. */
  isSubstituted(path: ConfigPath): boolean {
    return this.source.variablesIn(path).length > 0;
  }

  /** The object at a path, or `undefined` with the problem noted. */
  section(value: unknown, path: ConfigPath, options: SectionOptions): Section | undefined {
    if (isPlainObject(value)) return new Section(this, value, path, options);
    const what = `an object${options.known === undefined ? "" : ` with ${options.known.join(", ")}`}`;
    return this.report(path, isMissing(value) ? `is empty; it has to be ${what}` : `has to be ${what}`);
  }
}

/** What may stand in a section. */
export interface SectionOptions {
  /** The keys there are; absent where the user makes them up. */
  readonly known?: readonly string[];
  /** True where even a misspelt key may be a secret that lost its place. */
  readonly secret?: boolean;
}

/**
 * One object of the configuration. Every reader notes what is wrong and gives `undefined` then, as it does for a key
 * that is not there.
 */
export class Section {
  readonly path: ConfigPath;
  readonly #reading: ConfigReading;
  readonly #value: Readonly<Record<string, unknown>>;

  constructor(
    reading: ConfigReading,
    value: Readonly<Record<string, unknown>>,
    path: ConfigPath,
    options: SectionOptions,
  ) {
    this.#reading = reading;
    this.#value = value;
    this.path = path;
    const { known, secret } = options;
    if (known === undefined) return;
    for (const key of Object.keys(value)) {
      if (known.includes(key)) continue;
      // The path of a secret section's key would show it as well.
      if (secret === true) reading.report(path, secretKeyProblem(key, known));
      else {
        const [text = ""] = unknownKeyProblems({ [key]: 0 }, known, formatPath(path));
        const line = reading.source.lineOf([...path, key]);
        reading.add(problemAt({ file: reading.source.file, lineOf: () => line }, [], text), line);
      }
    }
  }

  /** The value as it is; `undefined` where the key is not there. */
  raw(key: string): unknown {
    const value = this.has(key) ? this.#value[key] : undefined;
    if (value !== null) return value;
    return this.#report(key, "is empty; give it a value or leave the key out");
  }

  /** Tells whether the key is there, whatever its value. */
  has(key: string): boolean {
    return Object.hasOwn(this.#value, key) && this.#value[key] !== undefined;
  }

  at(key: string): ConfigPath {
    return [...this.path, key];
  }

  entries(): [string, unknown, ConfigPath][] {
    return Object.keys(this.#value)
      .filter((key) => this.#value[key] !== undefined)
      .map((key) => [key, this.#value[key], this.at(key)]);
  }

  section(key: string, options: SectionOptions): Section | undefined {
    const value = this.raw(key);
    return value === undefined ? undefined : this.#reading.section(value, this.at(key), options);
  }

  text(key: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined || (typeof value === "string" && value !== "")) return value;
    if (value === "") return this.#report(key, "is empty");
    return this.#report(
      key,
      typeof value === "object" ? "has to be a text" : `has to be a text, but is a ${typeof value}; put it in quotes`,
    );
  }

  /** A text that has to be there. */
  requiredText(key: string): string | undefined {
    if (!this.has(key)) return this.#reading.report(this.path, `has no ${key}`);
    return this.text(key);
  }

  /** A whole number. */
  count(key: string, least: number, most: number): number | undefined {
    return this.#number(
      key,
      `has to be a whole number from ${least} to ${most}`,
      (value) => Number.isInteger(value) && value >= least && value <= most,
    );
  }

  /** A number of milliseconds. */
  duration(key: string, least: number): number | undefined {
    return this.#number(key, `has to be a number of milliseconds from ${least} to ${longestMs}`, (value) =>
      isDuration(value, least),
    );
  }

  number(key: string, least: number, most: number): number | undefined {
    return this.#number(key, `has to be a number from ${least} to ${most}`, (value) => value >= least && value <= most);
  }

  flag(key: string): boolean | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === "boolean") return value;
    if (this.#isSubstituted(key) && (value === "true" || value === "false")) return value === "true";
    return this.#report(key, "has to be true or false");
  }

  choice<const Choice extends string>(key: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    const choice = choices.find((candidate) => candidate === value);
    if (choice !== undefined) return choice;
    const near = typeof value === "string" && !this.#isSubstituted(key) ? nearest(value, choices) : undefined;
    return this.#report(
      key,
      `has to be ${choices.map(quoted).join(" or ")}${near === undefined ? "" : `; did you mean ${quoted(near)}?`}`,
    );
  }

  #number(key: string, problem: string, fits: (value: number) => boolean): number | undefined {
    const raw = this.raw(key);
    if (raw === undefined) return undefined;
    const value = this.#isSubstituted(key) && typeof raw === "string" && raw.trim() !== "" ? Number(raw) : raw;
    return typeof value === "number" && Number.isFinite(value) && fits(value) ? value : this.#report(key, problem);
  }

  #isSubstituted(key: string): boolean {
    return this.#reading.isSubstituted(this.at(key));
  }

  #report(key: string, text: string): undefined {
    return this.#reading.report(this.at(key), text);
  }
}

/** A copy without the keys that are `undefined`. */
export function withoutAbsent<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Tells an object that was written down from one that some class made. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A name in quotes, as errors show it. */
export function quoted(name: string): string {
  return JSON.stringify(name);
}

function secretKeyProblem(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return `has an unknown key; ${near === undefined ? `known are ${known.join(", ")}` : `did you mean "${near}"?`}`;
}

function isMissing(value: unknown): boolean {
  return value === null || value === undefined;
}
