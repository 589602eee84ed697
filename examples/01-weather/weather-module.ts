import { writeFile } from "node:fs/promises";
import { ContainerModule } from "inversify";
import { AlertPublisher } from "./data/alert-publisher.ts";
import { ReadingFile } from "./data/reading-file.ts";
import { ReadingPublisher } from "./data/reading-publisher.ts";
import { MonthlyStatistics } from "./model/monthly-statistics.ts";
import { Tally } from "./model/tally.ts";

/** The files that the program writes. */
export interface Files {
  readonly saved: string;
  readonly statistics: string;
}

/** Binds what the handlers are made of. Unbinding closes and writes the files. */
export function weatherModule({ saved, statistics }: Files): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(Tally).toSelf().inSingletonScope();
    bind(ReadingPublisher).toSelf().inSingletonScope();
    bind(AlertPublisher).toSelf().inSingletonScope();
    bind(ReadingFile)
      .toDynamicValue(() => new ReadingFile(saved))
      .inSingletonScope()
      .onDeactivation((file) => file.close());
    bind(MonthlyStatistics)
      .toSelf()
      .inSingletonScope()
      .onDeactivation((months) => writeFile(statistics, `${JSON.stringify(months.summaries(), undefined, 2)}\n`));
  });
}
