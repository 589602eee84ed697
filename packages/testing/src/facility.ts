/** Something that a harness may be able to do to the server, or to have done by it: `lease` is one that is short enough to outlast. */
export type Facility = "link" | "restart" | "lease" | "cluster";
