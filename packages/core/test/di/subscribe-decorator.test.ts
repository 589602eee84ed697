import { describe, expect, test } from "vitest";
import { declarationsOf, Subscribe } from "../../src/di/index.ts";
import type { ManualMessage, Message } from "../../src/delivery/message.ts";
import { InvalidArgumentError } from "../../src/errors.ts";
import { topic } from "../../src/topic/typed-topic.ts";

class Base {
  @Subscribe("base.first")
  first(): void {}

  @Subscribe("base.second", { group: "a" })
  second(): void {}
}

describe("@Subscribe", () => {
  test("marks methods, several times, in the order they are written", () => {
    class Handlers {
      @Subscribe("a", { group: "g" })
      @Subscribe("b")
      one(): void {}

      @Subscribe("c")
      two(): void {}
    }
    expect(declarationsOf(new Handlers())).toEqual([
      { filter: "a", options: { group: "g" }, method: "one" },
      { filter: "b", options: {}, method: "one" },
      { filter: "c", options: {}, method: "two" },
    ]);
  });

  test("is inherited, also where a method is overridden, and replaced where it is marked again", () => {
    class Derived extends Base {
      override first(): void {}

      @Subscribe("derived.second")
      override second(): void {}

      @Subscribe("derived.third")
      third(): void {}
    }
    const filters = (handler: object): unknown[] => declarationsOf(handler).map(({ filter }) => filter);
    expect(filters(new Derived())).toEqual(["base.first", "derived.second", "derived.third"]);
    expect(filters(new Base())).toEqual(["base.first", "base.second"]);
  });

  test("leaves nothing on objects and classes that show", () => {
    expect(Object.keys(new Base())).toEqual([]);
    expect(Object.keys(Base.prototype)).toEqual([]);
    expect(declarationsOf({})).toEqual([]);
    expect(declarationsOf(Object.create(null) as object)).toEqual([]);
  });

  test("is refused on a static method", () => {
    expect(() => Subscribe("a")(Base, "run", {})).toThrow(InvalidArgumentError);
  });

  test("checks the types of the method", () => {
    const reading = topic<"sensor.{room}", { celsius: number }>("sensor.{room}");
    class Handlers {
      @Subscribe("a")
      narrow(payload: { celsius: number }, message: Message): unknown {
        return [payload, message.id];
      }

      @Subscribe(reading)
      typed(payload: { celsius: number }, { params }: Message<{ readonly room: string }>): unknown {
        return [payload.celsius, params.room];
      }

      @Subscribe("b", { settle: "manual" })
      manual(_payload: unknown, message: ManualMessage): void {
        message.ack();
      }

      // @ts-expect-error -- without settle: "manual" there is nothing to settle
      @Subscribe("c")
      notManual(_payload: unknown, message: ManualMessage): void {
        message.ack();
      }

      // @ts-expect-error -- the topic's payload is another
      @Subscribe(reading)
      other(payload: { fahrenheit: number }): unknown {
        return payload.fahrenheit;
      }
    }
    expect(declarationsOf(new Handlers())).toHaveLength(5);
  });
});
