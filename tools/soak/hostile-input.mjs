const long = (/** @type {number} */ length) => "a".repeat(length);
const throwing = (/** @type {string} */ name) => ({
  [name]() {
    throw new Error("made to do harm");
  },
});
const proxy = new Proxy(
  {},
  {
    get() {
      throw new Error("made to do harm");
    },
    ownKeys() {
      throw new Error("made to do harm");
    },
    getPrototypeOf() {
      throw new Error("made to do harm");
    },
  },
);
const circular = /** @type {{ self?: unknown }} */ ({});
circular.self = circular;

/**
 * What is no topic, from a caller whom no compiler watches.
 *
 * @type {readonly unknown[]}
 */
export const hostileTopics = [
  ...[
    "",
    ".",
    "..",
    "a.",
    ".a",
    "a..b",
    " ",
    "a b",
    "a/b",
    "a\tb",
    "a\0b",
    "a\nb",
    "a\r\nPUB x 0\r\n\r\n",
    "ä",
    "a.😀",
  ],
  ...[
    "*",
    "a.*",
    "a.**",
    "**",
    "a.>",
    "a.#",
    "+",
    "a.+",
    "#",
    "$SYS.a",
    "$JS.API.INFO",
    "{a}",
    "a.{b}",
    "__consumer_offsets ",
  ],
  ...[
    "_busbar",
    "_busbar.dlq.soak",
    "_busbar.rpc.a",
    "\ud800",
    "a.\udfff",
    "\ufeffa",
    "a\u2028b",
    "../../etc/passwd",
    "%00",
    "a;b",
    "a'b",
  ],
  ...[long(201), long(1_000_000), "a.".repeat(100_000)],
  ...[undefined, null, 0, 42n, true, Symbol("a"), [], ["a"], {}, Object.create(null), () => "a"],
  ...[throwing("toString"), throwing("toJSON"), proxy],
];

/**
 * What is no filter, beside what is no topic either; wildcards and `{name}` are none of it.
 *
 * @type {readonly unknown[]}
 */
export const hostileFilters = [
  ...hostileTopics.filter(
    (topic) => !["*", "a.*", "a.**", "**", "{a}", "a.{b}"].includes(/** @type {string} */ (topic)),
  ),
  ...[
    "**.a",
    "a.**.b",
    "a*",
    "*a",
    "a.***",
    "{a}.{a}",
    "{}",
    "{1}",
    "{a",
    "a}",
    "{a b}",
    "{__proto__}.{__proto__}",
    "_busbar.*",
  ],
];

/**
 * What no publish takes as its options.
 *
 * @type {readonly Record<string, unknown>[]}
 */
export const hostileOptions = [
  ...["a\r\nb", "a\nb", "\r", "a\0b", "\u001b[2J", "\u007f", "\u0085", "\ud800", "a\udc00b"].map((value) => ({
    headers: { value },
  })),
  ...[null, undefined, 0, true, 42n, {}, [], Symbol("a"), () => "a"].map((value) => ({ headers: { value } })),
  ...["", " ", "a b", "a:b", "a\r\nb", "a\0", "ä", "😀", "a=b", "a,b", "(a)", "a/b", long(129), long(100_000)].map(
    (name) => ({ headers: { [name]: "a" } }),
  ),
  ...["busbar-id", "busbar-dead-topic", "BUSBAR-key", "busbar-", "Content-Type", "content-type"].map((name) => ({
    headers: { [name]: "a" },
  })),
  ...["", long(1_025), 0, null, {}, [], "\ud800", "a\udfff"].map((key) => ({ key })),
  ...["", " ", "a b", "a\r\nb", "ä", "\0", long(129), 0, null, {}].map((id) => ({ id })),
  ...["", "text", "text/", "/plain", "a/b\r\nc: d", "text/plain; charset=latin1", "a b/c", long(300)].map(
    (contentType) => ({ contentType }),
  ),
  ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY, "5", null].flatMap((ms) => [
    { timeoutMs: ms },
    { expiresInMs: ms },
    { delayMs: ms },
  ]),
  ...["exactly-once", "", 1, null].map((delivery) => ({ delivery })),
  ...["nowhere", "", "__proto__", "constructor"].map((broker) => ({ broker })),
  ...["keys", "Key", "qos", "__defineGetter__"].map((name) => ({ [name]: "a" })),
];

/**
 * What is no payload.
 *
 * @type {readonly unknown[]}
 */
export const hostilePayloads = [
  ...[
    undefined,
    () => "a",
    Symbol("a"),
    42n,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    circular,
    { a: circular },
    [undefined],
  ],
  ...[
    { a: 1n },
    { a: () => 1 },
    { a: Symbol("a") },
    new Map([["a", 1]]),
    new Set([1]),
    throwing("toJSON"),
    proxy,
    {
      get a() {
        throw new Error("made to do harm");
      },
    },
  ],
];

/**
 * What no subscription takes as its options.
 *
 * @type {readonly Record<string, unknown>[]}
 */
export const hostileSubscribeOptions = [
  ...["", " ", "a b", "a.b", "a/b", "$share", "ä", "a\r\nb", "\0", "*", ">", long(65), 0, null, {}].map((group) => ({
    group,
  })),
  ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 10_001, "8", null].map((concurrency) => ({ concurrency })),
  ...[0, 65_536, Number.NaN, "8", null].map((maxInFlight) => ({ maxInFlight })),
  ...[
    { attempts: 0 },
    { attempts: 1.5 },
    { backoffMs: -1 },
    { factor: 0 },
    { factor: Number.NaN },
    { jitter: 2 },
    { maxBackoffMs: Number.NaN },
  ].map((retry) => ({ retry })),
  ...[0, -1, Number.NaN, "5", null].map((handlerTimeoutMs) => ({ handlerTimeoutMs })),
  ...["exactly-once", 0, null].map((delivery) => ({ delivery })),
  ...["keys", "", 0, null].map((order) => ({ order })),
  ...[
    { startFrom: "yesterday" },
    { settle: "never" },
    { deadLetter: true },
    { deadLetter: { queue: "a" } },
    { broker: "nowhere" },
    { qos: 1 },
  ],
];

/**
 * What is strange and allowed: it arrives as it was sent, or is refused by a type where the broker has no room for it.
 *
 * @type {readonly { headers?: Record<string, string>, key?: string, id?: string }[]}
 */
export const strangeOptions = [
  ...[
    "",
    " ",
    " a ",
    "a".repeat(4_000),
    "ä😀\u202e\u200b",
    "\u2028\u2029",
    "\ufeff",
    "\ufffe\uffff",
    "%0d%0a",
    "=?utf-8?Q?a?=",
    "a: b",
    "\\r\\n",
    '{"a":1}',
    "'; DROP TABLE a; --",
  ].map((value) => ({ headers: { value } })),
  ...[
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "x-death",
    "x-delivery-count",
    "CC",
    "BCC",
    "Nats-Msg-Id",
    "Nats-Rollup",
    "Nats-Expected-Last-Sequence",
    "x-match",
    "a.b",
    "0",
    "-",
    "A",
    "a".repeat(128),
  ].map((name) => ({ headers: own(name, "a") })),
  { headers: { a: "1", A: "2" } },
  { headers: { value: "a".repeat(60_000) } },
  { headers: { value: "a".repeat(70_000) } },
  { headers: { value: "a".repeat(200_000) } },
  { headers: { value: "a".repeat(2_000_000) } },
  { headers: Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`name-${index}`, "a"])) },
  ...[
    "a\r\nb: c",
    "\0",
    "a\0b",
    " ",
    " a ",
    "\u001b",
    "__proto__",
    "ä".repeat(1_024),
    "😀".repeat(512),
    "%0d%0a",
    "a/b",
    "a.b.*",
    "\ufeff",
    "\uffff",
  ].map((key) => ({ key })),
  ...["__proto__", "constructor", "%0d%0a", '{"a":1}', "~".repeat(128), "../a", "$a", "*"].map((id) => ({ id })),
];

/**
 * A name such as `__proto__` as a property of its own, which a literal does not make.
 *
 * @param {string} name
 * @param {string} value
 * @returns {Record<string, string>}
 */
function own(name, value) {
  return Object.fromEntries([[name, value]]);
}
