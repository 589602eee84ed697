/** Where `${NAME}` takes its values from. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A text with its references replaced, and what was found on the way. */
export interface Substituted {
  readonly text: string;
  /** The variables that went into it, by name. What is in them is nobody's business. */
  readonly variables: readonly string[];
  /** Ends of a sentence. */
  readonly problems: readonly string[];
}

/**
 * The characters that make a reference, while the text is in the hands of the YAML parser: there `{` and `}` would
 * begin and end a flow map. Private use, and as long as what they stand for, so that lines and columns stay.
 */
const sheltered = { dollar: "\u{E0B5}", open: "\u{E0B6}", close: "\u{E0B7}" } as const;

const reference = /\$\{[^}\n]*\}/g;
const shelteredText = new RegExp(`[${sheltered.dollar}${sheltered.open}${sheltered.close}]`, "gu");
const whatItStandsFor: Readonly<Record<string, string>> = {
  [sheltered.dollar]: "$",
  [sheltered.open]: "{",
  [sheltered.close]: "}",
};

/** Makes the references of a file's text harmless to a YAML parser. */
export function shelterReferences(text: string): string {
  return text.replace(
    reference,
    (found) => `${sheltered.dollar}${sheltered.open}${found.slice(2, -1)}${sheltered.close}`,
  );
}

/** The inverse of `shelterReferences`. */
export function unshelterReferences(text: string): string {
  return text.replace(shelteredText, (character) => whatItStandsFor[character] ?? character);
}

const wellFormed = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Replaces `${NAME}` and `${NAME:-default}` (the default also when the variable is empty) with the values of the
 * environment; `$${` stands for `${`. What a variable holds is never looked into again.
 */
export function substitute(text: string, environment: Environment): Substituted {
  const variables: string[] = [];
  const problems: string[] = [];
  const replaced = text.replace(/\$\$\{|\$\{([^}]*)\}|\$\{/g, (found, inside: string | undefined) => {
    if (found === "$${") return "${";
    const match = inside === undefined ? null : wellFormed.exec(inside);
    const name = match?.[1];
    if (name === undefined) {
      problems.push("has a ${ that begins no ${NAME} and no ${NAME:-default}; write $${ where you mean it as it is");
      return found;
    }
    variables.push(name);
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (match?.[2] !== undefined) return value === undefined || value === "" ? match[2] : value;
    if (value === undefined) {
      problems.push(`needs the environment variable ${name}, which is not set; set it, or write \${${name}:-default}`);
      return "";
    }
    return value;
  });
  return { text: replaced, variables, problems };
}
