import { describe, expect, it } from "vitest";
import { PublishAnswers } from "../src/publish-answers.ts";

describe("answers to publishes", () => {
  it("give the same position whether they are read as JSON or by what they have in common", () => {
    const answers = new PublishAnswers();
    const read = (text: string) => answers.read(Buffer.from(text));
    expect(read('{"stream":"orders", "seq":1}')).toEqual({ stream: "orders", seq: 1 });
    expect(read('{"stream":"orders", "seq":22}')).toBe("orders/22");
    expect(read('{"stream":"orders2", "seq":3}')).toEqual({ stream: "orders2", seq: 3 });
    expect(read('{"stream":"orders2", "seq":4}')).toBe("orders2/4");
    expect(read('{"stream":"o", "domain":"hub", "seq":5}')).toMatchObject({ stream: "o", seq: 5 });
    expect(read('{"stream":"o", "domain":"hub", "seq":6}')).toBe("o/6");
  });

  it.each([
    ['{"stream":"orders", "seq":2,"duplicate": true}', { seq: 2, duplicate: true }],
    ['{"error":{"code":400,"err_code":10071,"description":"wrong"},"stream":"orders","seq":0}', { seq: 0 }],
    ['{"stream":"orders", "seq":}', { error: {} }],
    ['{"stream":"orders", "seq":12', { error: {} }],
    ["", { error: {} }],
  ])("that say anything else are read as a whole, here %s", (text, answer) => {
    const answers = new PublishAnswers();
    answers.read(Buffer.from('{"stream":"orders", "seq":1}'));
    expect(answers.read(Buffer.from(text))).toMatchObject(answer);
  });
});
