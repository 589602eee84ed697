import type { Runner } from "../src/harness.ts";

/** A test as it was registered. */
export interface RegisteredTest {
  readonly title: string;
  readonly body: (context?: unknown) => Promise<void>;
  readonly timeoutMs: number | undefined;
}

/** A runner that runs nothing by itself: it keeps what was registered, in order. */
export class FakeRunner implements Runner {
  readonly tests: RegisteredTest[] = [];
  readonly skipped: string[] = [];
  readonly #path: string[] = [];

  readonly describe: Runner["describe"] = (title, body) => {
    this.#path.push(title);
    body();
    this.#path.pop();
  };

  readonly it: Runner["it"] = (title, body, timeoutMs) => {
    this.tests.push({ title: [...this.#path, title].join(" > "), body, timeoutMs });
  };

  /** Runs every test, and says which of them failed. */
  async run(): Promise<readonly string[]> {
    const failed: string[] = [];
    // A function with members, as vitest's is.
    const context = Object.assign(() => undefined, { skip: (reason: string) => void this.skipped.push(reason) });
    for (const { title, body } of this.tests) await body(context).catch(() => void failed.push(title));
    return failed;
  }
}
