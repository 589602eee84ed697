/**
 * A URL as an error or a log may show it: without a password, a token or a query value. Meant for any text that
 * somebody wrote where a URL belongs, so it hides too much rather than too little.
 */
export function redactUrl(url: string): string {
  return redactQuery(redactUser(url));
}

/** Up to the last `@`, since a password may have been written without escaping its own `@` and `/`. */
function redactUser(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/{0,2})?(.*)@/is, (_all, scheme: string | undefined, user: string) => {
    const colon = user.indexOf(":");
    // A user name alone may be a token.
    return `${scheme ?? ""}${colon === -1 ? "" : user.slice(0, colon + 1)}***@`;
  });
}

function redactQuery(url: string): string {
  return url.replace(/([?&;][^=&;]*=)[^&;]*/g, "$1***");
}
