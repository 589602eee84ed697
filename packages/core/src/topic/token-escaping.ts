/** Turns any name into a token of `[A-Za-z0-9_-]+` and back. */
export interface TokenEscaping {
  /** Foreign name to bus token. A name that is a token already stays as it is. */
  toToken(name: string): string;
  /** Bus token to foreign name: the inverse of `toToken`. */
  toName(token: string): string;
}

const tokenCharacter = /^[A-Za-z0-9_-]$/;
const escapeShape = /_x([0-9A-F]{1,6})_/y;

/**
 * A reversible escaping between bus tokens and the names on the other side: a character that a token cannot have is written
 * `_x<code point in hex>_` ("living room" is `living_x20_room`), the empty name is `_x0_`. For every name made of `legal`
 * characters `toName(toToken(name)) === name`, and for every token `toToken(toName(token)) === token`, so no two
 * names meet in one token: an escape counts as one only where `toToken` would have written it.
 *
 * @param legal Which characters (code points) a name on the other side may have.
 */
export function tokenEscaping(legal: (character: string) => boolean): TokenEscaping {
  /** The escape that begins at `at`, if what stands there is one. */
  function escapeAt(text: string, at: number): { character: string; end: number } | undefined {
    escapeShape.lastIndex = at;
    const hex = escapeShape.exec(text)?.[1];
    if (hex === undefined) return undefined;
    const end = at + hex.length + 3;
    const code = Number.parseInt(hex, 16);
    const surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code > 0x10ffff || surrogate || code.toString(16).toUpperCase() !== hex) return undefined;
    const character = String.fromCodePoint(code);
    // An underscore is only escaped where it would otherwise begin an escape: its closing underscore stands for it.
    if (character === "_") return escapeAt(text, end - 1) === undefined ? undefined : { character, end };
    if (tokenCharacter.test(character) || !(code === 0 || legal(character))) return undefined;
    return { character, end };
  }

  return {
    toToken(name) {
      // From the right, because whether an underscore begins an escape depends on how the rest was written.
      let token = "";
      for (const character of [...(name === "" ? "\0" : name)].reverse()) {
        const plain = tokenCharacter.test(character) && (character !== "_" || escapeAt(`_${token}`, 0) === undefined);
        token = (plain ? character : `_x${character.codePointAt(0)?.toString(16).toUpperCase()}_`) + token;
      }
      return token;
    },
    toName(token) {
      if (!token.includes("_x")) return token;
      let name = "";
      for (let at = 0; at < token.length;) {
        const escape = token[at] === "_" ? escapeAt(token, at) : undefined;
        name += escape?.character ?? token[at];
        at = escape?.end ?? at + 1;
      }
      return name === "\0" ? "" : name;
    },
  };
}

/** The escaping of topic parameters, where any character may stand. */
export const parameterEscaping: TokenEscaping = tokenEscaping(() => true);
