/** Several servers that are one to their clients, and that a suite has for itself, so that it may end any of them. */
export interface Cluster {
  /** The address of all of them, as a client is given it. */
  readonly url: string;
  /** How many there are. */
  readonly size: number;
  /** Ends a member at once, without a farewell, as a crash does; the first is 0. */
  end(member: number): Promise<void>;
  /** Starts a member that was ended on the data that it had; resolves once it has caught up, so that another one may end. */
  start(member: number): Promise<void>;
  /** Ends all of them; nothing is left. */
  close(): Promise<void>;
}
