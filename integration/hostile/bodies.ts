/** What a body can be that nobody should have sent, and whether the bus can read it as JSON. */
export interface HostileBody {
  readonly bytes: Buffer;
  readonly isJson: boolean;
}

const depth = 200_000;

/** Bodies that mean harm to who decodes them, by what they are; each is what a foreign client may publish to any broker. */
export const hostileBodies: Readonly<Record<string, HostileBody>> = {
  "JSON of a depth that nobody has": { bytes: Buffer.from("[".repeat(depth) + "]".repeat(depth)), isJson: true },
  "JSON of such a depth that never ends": { bytes: Buffer.from('{"a":['.repeat(depth / 6)), isJson: false },
  "JSON with a prototype": {
    bytes: Buffer.from('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
    isJson: true,
  },
  "JSON of lone surrogates": { bytes: Buffer.from('{"\\ud800":"\\udfff"}'), isJson: true },
  "bytes that are no UTF-8": { bytes: Buffer.from([0x22, 0xff, 0xfe, 0xc0, 0x80, 0x22]), isJson: false },
  "a zero byte": { bytes: Buffer.from([0]), isJson: false },
  "a dead letter's envelope": {
    bytes: Buffer.from('{"busbar":1,"headers":{"__proto__":{}},"body":"!"}'),
    isJson: true,
  },
};
