/** The keys that lead to a value. */
export type ConfigPath = readonly (string | number)[];

/** A configuration before it is understood: a plain value, and where each part of it was written. */
export interface ConfigSource {
  readonly value: unknown;
  /** As an error shows it; absent for an object in code. */
  readonly file: string | undefined;
  /** What relative file names in it are relative to. */
  readonly folder: string;
  /** Counting from 1; absent where there are no lines. */
  lineOf(path: ConfigPath): number | undefined;
  /** The names of the environment variables that went into the value at a path. */
  variablesIn(path: ConfigPath): readonly string[];
  /** What was wrong already while it was read. */
  readonly problems: readonly ConfigProblem[];
  /** True where the value at a path could not be made out, so that more said about it would lead astray. */
  isBroken(path: ConfigPath): boolean;
}

/** One thing that is wrong. */
export interface ConfigProblem {
  /** What sorts it among the others. */
  readonly line: number | undefined;
  /** With file, line and path. */
  readonly text: string;
}

/** A configuration that was given as an object in code. */
export function objectSource(value: unknown, folder: string): ConfigSource {
  return {
    value,
    file: undefined,
    folder,
    lineOf: () => undefined,
    variablesIn: () => [],
    problems: [],
    isBroken: () => false,
  };
}

/** A path as a person would write it: `policies["report.*"].retry.attempts`. */
export function formatPath(path: ConfigPath): string {
  return path
    .map((key, index) => {
      if (typeof key === "number" || !/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)) return `[${JSON.stringify(key)}]`;
      return index === 0 ? key : `.${key}`;
    })
    .join("");
}

/** One problem as a line: file and line, path, and what is wrong there. */
export function problemAt(source: Pick<ConfigSource, "file" | "lineOf">, path: ConfigPath, text: string): string {
  const line = source.lineOf(path);
  const where = source.file === undefined ? "" : `${source.file}${line === undefined ? "" : `:${line}`}: `;
  const what = formatPath(path);
  return `${where}${what === "" ? "" : `${what}: `}${text}`;
}
