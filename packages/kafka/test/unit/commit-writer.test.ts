import { describe, expect, it, vi } from "vitest";
import type { PartitionOffset } from "../../src/client.ts";
import { CommitWriter } from "../../src/commit-writer.ts";

const place = (offset: number, partition = 0): PartitionOffset => ({ topic: "t", partition, offset });

function writer(answer: () => Promise<void> = () => Promise.resolve()) {
  const written: (readonly PartitionOffset[])[] = [];
  const failed: unknown[] = [];
  const done: (readonly PartitionOffset[])[] = [];
  const commits = new CommitWriter({
    intervalMs: 100,
    write: (offsets) => {
      written.push(offsets);
      return answer();
    },
    onWritten: (offsets) => done.push(offsets),
    onFailed: (_, error) => failed.push(error),
  });
  return { commits, written, done, failed };
}

describe("commits", () => {
  it("are written together, the latest of each partition, no more often than the interval", async () => {
    vi.useFakeTimers();
    try {
      const { commits, written } = writer();
      commits.place(place(1));
      commits.place(place(2));
      commits.place(place(7, 1));
      await vi.advanceTimersByTimeAsync(0);
      expect(written).toEqual([[place(2), place(7, 1)]]);
      commits.place(place(3));
      await vi.advanceTimersByTimeAsync(99);
      expect(written).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(1);
      expect(written).toEqual([[place(2), place(7, 1)], [place(3)]]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("are written by flush at once, behind the one that is on its way", async () => {
    let release: () => void = () => {};
    const answers = [new Promise<void>((resolve) => (release = resolve)), Promise.resolve()];
    const { commits, written } = writer(() => answers.shift() ?? Promise.resolve());
    commits.place(place(1));
    const first = commits.flush();
    commits.place(place(2));
    const second = commits.flush();
    expect(written).toEqual([[place(1)]]);
    release();
    await Promise.all([first, second]);
    expect(written).toEqual([[place(1)], [place(2)]]);
  });

  it("that failed are written again, unless they are no longer ours", async () => {
    const answers = [Promise.reject(new Error("busy"))];
    const { commits, written, done, failed } = writer(() => answers.shift() ?? Promise.resolve());
    commits.place(place(1));
    await commits.flush();
    expect(failed).toHaveLength(1);
    commits.place(place(9, 1));
    await commits.flush();
    expect(written[1]).toEqual([place(1), place(9, 1)]);
    expect(done).toEqual([written[1]]);
    commits.place(place(2));
    commits.forget();
    await commits.flush();
    expect(written).toHaveLength(2);
  });

  it("never move a place back when an older one failed", async () => {
    let fail: (error: Error) => void = () => {};
    const answers = [new Promise<void>((_, reject) => (fail = reject))];
    const { commits, written } = writer(() => answers.shift() ?? Promise.resolve());
    commits.place(place(1));
    const first = commits.flush();
    commits.place(place(5));
    fail(new Error("busy"));
    await first;
    await commits.flush();
    expect(written.at(-1)).toEqual([place(5)]);
  });

  it("are written again at once after a connection was lost under one that is never answered", async () => {
    let answer: () => void = () => {};
    const answers = [new Promise<void>((resolve) => (answer = resolve))];
    const { commits, written, done } = writer(() => answers.shift() ?? Promise.resolve());
    commits.place(place(1));
    void commits.flush();
    commits.forget();
    commits.place(place(2));
    await commits.flush();
    expect(written).toEqual([[place(1)], [place(2)]]);
    answer();
    await commits.flush();
    expect(done).toEqual([[place(2)]]);
  });
});
