/** A server as the URL of a broker names it. */
export interface UrlHost {
  /** As it stands in a URL: an IPv6 address in brackets. */
  readonly host: string;
  /** Without brackets, as a socket takes it. */
  readonly hostname: string;
  readonly port: number;
}

/** Who the URL of a broker says that we are. */
export interface UrlUser {
  readonly username?: string;
  /** Absent where there is no colon; empty where nothing stands behind it. */
  readonly password?: string;
}

const hostShape = /^(\[[0-9a-f:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/i;

/** Takes the hosts of a URL apart, which commas may separate and `URL` cannot read; `undefined` where one of them is none. */
export function readHosts(hosts: string, defaultPort: number): readonly UrlHost[] | undefined {
  const read: UrlHost[] = [];
  for (const text of hosts.split(",")) {
    const [, host, digits] = hostShape.exec(text) ?? [];
    const port = digits === undefined ? defaultPort : Number(digits);
    if (host === undefined || port < 1 || port > 65_535) return undefined;
    read.push({ host, hostname: host.replace(/^\[|\]$/g, ""), port });
  }
  return read;
}

/**
 * Takes what stands before the `@` of a URL apart. Throws a `URIError` where it is not percent-encoded properly; say so without quoting it.
 *
 * @param text Absent, or empty: nobody.
 */
export function readUser(text: string | undefined): UrlUser {
  if (text === undefined || text === "") return {};
  const colon = text.indexOf(":");
  if (colon === -1) return { username: decodeURIComponent(text) };
  return {
    username: decodeURIComponent(text.slice(0, colon)),
    password: decodeURIComponent(text.slice(colon + 1)),
  };
}
