/** Nothing of a request was sent, whatever its cause says; so it may be sent again without being there twice. */
export class NeverSent extends Error {
  override readonly name = "NeverSent";

  constructor(cause: unknown) {
    super("nothing was sent", { cause });
  }
}
