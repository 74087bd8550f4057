import { describe, expect, it } from "vitest";
import { makeFormat } from "../../ui/format";
import type { ApiKey, User } from "../../wire/api";
import { device, keyFacts, presence } from "./describe";

const format = makeFormat("en-GB", "UTC");

describe("who may what, in words", () => {
  it.each([
    ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", "Chrome on Linux"],
    ["Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"],
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile/15E148 Safari/604.1", "Safari on iPhone"],
    ["Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox on Android"],
    ["curl/8.5", "A browser on an unknown system"],
    ["", "A browser on an unknown system"],
  ])("calls %s %s", (agent, want) => expect(device(agent)).toBe(want));

  it("says where a user is", () => {
    const user: User = { name: "ben", role: "viewer", current: false, invited: false, disabled: false, sessions: 2, created_at: "2026-11-24T10:00:00Z", seen_at: "2026-11-24T11:30:00Z" };
    expect(presence(user, format)).toBe("Signed in on 2 devices, last seen 24 Nov, 11:30:00");
    expect(presence({ ...user, sessions: 0, seen_at: "" }, format)).toBe("Not signed in");
    expect(presence({ ...user, sessions: 0, invited: true }, format)).toBe("Invited, has not come yet");
    expect(presence({ ...user, invited: true, disabled: true }, format)).toMatch(/^Shut out/);
  });

  it("says what a key may do and until when", () => {
    const key: ApiKey = { prefix: "cf_1a2b3c4d", name: "scanner", role: "operator", scopes: ["read", "operate"], current: false, created_at: "2026-11-24T10:00:00Z", used_at: "", ends_at: "2026-12-24T10:00:00Z" };
    const at = Date.parse("2026-11-25T00:00:00Z");
    expect(keyFacts(key, format, at)).toEqual(["Operator, only read, change orders and stock", "never used", "ends 24 Dec 2026", "made 24 Nov 2026"]);
    expect(keyFacts({ ...key, scopes: [], ends_at: "", used_at: key.created_at }, format, at).slice(0, 3)).toEqual(["Operator, all its rights", "last used 24 Nov, 10:00:00", "does not end"]);
    expect(keyFacts(key, format, Date.parse(key.ends_at))[2]).toBe("ended 24 Dec 2026");
  });
});
