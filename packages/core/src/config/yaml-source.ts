import type { Document, LineCounter, Node, Pair, YAMLError } from "yaml";
import { problemAt } from "./config-source.ts";
import type { ConfigPath, ConfigProblem, ConfigSource } from "./config-source.ts";
import { host } from "#host";
import { shelterReferences, substitute, unshelterReferences } from "./variables.ts";
import type { Environment } from "./variables.ts";

/** A text to read a configuration from. JSON is YAML, so one reader does for both. */
export interface YamlText {
  readonly text: string;
  /** As errors are to show it. */
  readonly file: string;
  readonly folder: string;
  readonly environment: Environment;
}

/** A file that refers to itself again and again would otherwise grow without bound. */
const mostAliases = 1_000;

/**
 * Reads YAML 1.2 or JSON. `${NAME}` is replaced in the strings that the parser found, so that nothing in a variable
 * can become a key, a comment or a second value. Never throws; what is wrong is in `problems`.
 */
export function yamlSource(from: YamlText): ConfigSource {
  const { LineCounter, parseDocument } = host.loadYaml();
  const lineCounter = new LineCounter();
  // The parser's own way of showing errors prints the lines around them, and with them the secrets there.
  const document = parseDocument(shelterReferences(from.text), { lineCounter, prettyErrors: false, stringKeys: false });
  const reader = new DocumentReader(from, document, lineCounter);
  const syntax = syntaxProblems(
    [...document.errors, ...document.warnings],
    (offset) => lineCounter.linePos(offset).line,
  );
  const value = document.errors.length > 0 ? undefined : reader.read(document.contents, []);
  return {
    value,
    file: from.file,
    folder: from.folder,
    lineOf: (path) => reader.lineOf(path),
    variablesIn: (path) => reader.variables.get(keyOf(path)) ?? [],
    problems: [
      ...syntax.map(({ line, text }) => ({ line, text: `${from.file}:${line}: ${text}` })),
      ...reader.problems,
    ],
    isBroken: (path) => reader.broken.has(keyOf(path)),
  };
}

const quotesNeeded = "a value that begins with *, !, @ or ` has to be in quotes";

class DocumentReader {
  readonly problems: ConfigProblem[] = [];
  readonly broken = new Set<string>();
  readonly variables = new Map<string, readonly string[]>();
  readonly #from: YamlText;
  readonly #document: Document;
  readonly #lineCounter: LineCounter;
  readonly #lines = new Map<string, number>();
  readonly #open = new Set<Node>();
  #aliases = 0;

  constructor(from: YamlText, document: Document, lineCounter: LineCounter) {
    this.#from = from;
    this.#document = document;
    this.#lineCounter = lineCounter;
  }

  /** The line of the nearest part that was written down. */
  lineOf(path: ConfigPath): number | undefined {
    for (let length = path.length; length >= 0; length--) {
      const line = this.#lines.get(keyOf(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return undefined;
  }

  read(node: Node | null | undefined, path: ConfigPath): unknown {
    if (node === null || node === undefined) return null;
    this.#noteLine(path, node);
    const { isAlias, isMap, isScalar, isSeq } = host.loadYaml();
    if (isAlias(node)) return this.#readAlias(node.resolve(this.#document), path);
    if (isScalar(node)) return typeof node.value === "string" ? this.#readText(node.value, path) : node.value;
    if (!isMap(node) && !isSeq(node)) return null;
    if (this.#open.has(node)) return this.#report(path, "refers to itself");
    this.#open.add(node);
    const value = isMap(node)
      ? this.#readMap(node.items as Pair<Node, Node | null>[], path)
      : this.#readList(node.items as Node[], path);
    this.#open.delete(node);
    return value;
  }

  #readMap(pairs: readonly Pair<Node, Node | null>[], path: ConfigPath): object {
    const entries: [string, unknown][] = [];
    for (const { key, value } of pairs) {
      const name = nameOf(key);
      if (name === undefined) {
        this.#noteLine(path, key);
        this.#report(path, "has a key that is not a plain name");
        continue;
      }
      const inner = [...path, name];
      this.#noteLine(inner, key);
      entries.push([name, this.read(value, inner)]);
    }
    // Not by assignment: a key may be called __proto__.
    return Object.fromEntries(entries);
  }

  #readList(items: readonly Node[], path: ConfigPath): unknown[] {
    return items.map((item, index) => this.read(item, [...path, index]));
  }

  #readAlias(target: Node | undefined, path: ConfigPath): unknown {
    if (target === undefined) return this.#report(path, quotesNeeded);
    this.#aliases += 1;
    return this.#aliases > mostAliases ? this.#report(path, "is one alias too many") : this.read(target, path);
  }

  #readText(text: string, path: ConfigPath): string {
    const { text: replaced, variables, problems } = substitute(unshelterReferences(text), this.#from.environment);
    if (variables.length > 0) this.variables.set(keyOf(path), variables);
    for (const problem of problems) this.#report(path, problem);
    return replaced;
  }

  #noteLine(path: ConfigPath, node: Node): void {
    const key = keyOf(path);
    if (node.range && !this.#lines.has(key)) this.#lines.set(key, this.#lineCounter.linePos(node.range[0]).line);
  }

  #report(path: ConfigPath, text: string): undefined {
    this.broken.add(keyOf(path));
    this.problems.push({
      line: this.lineOf(path),
      text: problemAt({ file: this.#from.file, lineOf: (at) => this.lineOf(at) }, path, text),
    });
  }
}

/** A key as a name; `undefined` for one that is a list, a map or nothing. */
function nameOf(key: Node): string | undefined {
  if (!host.loadYaml().isScalar(key)) return undefined;
  const { value } = key;
  if (typeof value === "string") return unshelterReferences(value);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** The parser goes on after a mistake and finds more that follow from it: only the first is worth reading. */
function syntaxProblems(
  errors: readonly YAMLError[],
  lineOf: (offset: number) => number,
): { line: number; text: string }[] {
  const duplicates = errors.filter(({ code }) => code === "DUPLICATE_KEY");
  const first = errors.find(({ code }) => code !== "DUPLICATE_KEY");
  return [...duplicates, ...(first === undefined ? [] : [first])].map((error) => ({
    line: lineOf(error.pos[0]),
    text: textOf(error),
  }));
}

function textOf({ code, message }: YAMLError): string {
  switch (code) {
    case "DUPLICATE_KEY":
      return "a key stands here for the second time";
    case "BAD_ALIAS":
    case "TAG_RESOLVE_FAILED":
    case "BAD_SCALAR_START":
      return `this is not YAML: ${quotesNeeded}`;
    case "BAD_DQ_ESCAPE":
      return "there is no such escape in double quotes; write \\\\ for a backslash, or use single quotes";
    case "BLOCK_AS_IMPLICIT_KEY":
      return 'a text with ": " in it, or with ":" at its end, has to be in quotes; or the indentation is wrong';
    case "MULTIPLE_DOCS":
      return "a second document begins here; a configuration is one";
    default:
      // What follows a colon is a piece of the text, and may be a piece of a secret.
      return `this is not YAML: ${message
        .replace(/:.*$/s, "")
        .replace(/["'`].*$/s, "")
        .trim()}`;
  }
}

function keyOf(path: ConfigPath): string {
  return JSON.stringify(path);
}
