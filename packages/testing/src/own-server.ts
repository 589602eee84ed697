/** Where a proxy listens, and the port of the server's listener that tells its clients so. */
export interface ProxyPorts {
  readonly listen: number;
  readonly target: number;
}

/** A server that a suite has for itself, so that it may do to it what nobody may do to one that others use. */
export interface OwnServer {
  /** Where it is; the same over restarts. */
  readonly url: string;
  /** Where a proxy has to listen, for a server that tells its clients where to go. */
  readonly proxied?: ProxyPorts;
  /** Ends it the way an operator does and starts it again on the same data; resolves once it answers. */
  restart(): Promise<void>;
  /** Ends it; nothing is left of it. */
  close(): Promise<void>;
}
