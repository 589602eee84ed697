/** The cases that the kit has to hold, by id: `★` on every broker, `◇` where the capability is declared, `·` for what nobody has marked. */
export const cases: Readonly<Record<string, "★" | "◇" | "·">> = Object.fromEntries(
  [
    "A1★ A2★ A3★ A4★ A5★ A6★ A7★ A8★ A9· A10·",
    "B1★ B2★ B3★ B4◇ B5◇ B6★ B7★ B8★ B9· B10◇ B11◇",
    "C1★ C2★ C3★ C4★ C5★ C6★ C7◇ C8◇ C9★ C10◇ C11· C12★ C13★ C14★ C15★ C16◇",
    "D1◇ D2◇ D3◇ D4★ D5★ D6· D7★ D8◇ D9◇",
    "E1★ E2★ E3★ E4★ E5◇ E6★ E7★ E8·",
    "F1◇ F2◇",
    "G1★ G2★ G3★ G4★ G5★ G6★ G7★ G8★ G9· G10★ G11·",
    "H1★ H2★ H3★ H4◇ H5★ H6· H7★",
    "I1◇ I2◇ I3◇ I4◇ I5◇ I6◇ I7◇ I8◇ I9◇ I10★ I11★ I12★ I13★ I14★ I15★ I16◇",
  ]
    .flatMap((family) => family.split(" "))
    .map((marked) => [marked.slice(0, -1), marked.at(-1) as "★" | "◇" | "·"]),
);

/** The laws that are nobody's case but the kit's own, with what they are for. */
export const ownLaws: Readonly<Record<string, string>> = {
  B12: "a group that wants messages at most once",
  C17: "what becomes of a message whose handler wants it later",
  D10: "what a subscription does whose credit is all waiting",
  D11: "what a handler that hangs may take with it",
  D12: "handlers keep their place over a cut",
  E9: "the bound of the publisher's window, and what gives way where it is full",
  E10: "the order of publishes, over what is sent again",
  E11: "an id is not the message: where a broker dedupes, it dedupes resends alone",
  E12: "what a receipt says of subscribers, and what requireSubscriber makes of it",
  E13: "last values that are kept for who comes later",
  G12: "the only call that deletes a durable subscription",
  G13: "options are never changed, so that two processes may share them",
  H8: "nothing is left over of connections that were cut",
  I17: "messages that end the process that handles them",
};
