/** Thrown by a case that cannot be tried on this server; the message says why. */
export class Skip extends Error {
  override readonly name: string = "Skip";
}
