import { describe, expect, it } from "vitest";
import { readable, spread } from "./json";

describe("spread", () => {
  it.each([
    ['{"a":1,"b":[1,2,{}],"c":[]}'],
    ['{"text":"a,b:{c}[d]\\"e\\\\"}'],
    ['[ ]'],
    ['{ "a" : [ ] , "b" : { } }'],
    ['"just text"'],
    ["null"],
  ])("says the same as %s", (json) => {
    expect(JSON.parse(spread(json))).toEqual(JSON.parse(json));
    expect(spread(json)).toBe(JSON.stringify(JSON.parse(json), null, 2));
  });

  it("keeps an id that is too big for a number", () => {
    expect(spread('{"id":5764614130387857521234}')).toContain("5764614130387857521234");
  });
});

describe("readable", () => {
  it("leaves what is no JSON alone", () => expect(readable('{"cut off":')).toBe('{"cut off":'));
});
