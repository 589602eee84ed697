/** Something that a harness may be able to do to the server. */
export type Facility = "link" | "restart";
