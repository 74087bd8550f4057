import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SyncContext, type Sync } from "../../sync/context";
import { Store } from "../../sync/store";
import type { OrderDetail } from "../../wire/api";
import { OtherWays } from "./OtherWays";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function show(actions: string[]) {
  const sent: { path: string; body: unknown }[] = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    sent.push({ path, body: JSON.parse(String(init.body)) });
    return Response.json({ position: 9, version: 1, result: {} });
  });
  const order = { flow: { id: "k7:1", step: "label", actions } } as unknown as OrderDetail;
  const { container } = render(
    <SyncContext value={{ store: new Store() } as unknown as Sync}>
      <OtherWays order={order} />
    </SyncContext>,
  );
  return { sent, button: (name: string) => container.querySelector(`[data-c="${name}"]`) };
}

describe("OtherWays", () => {
  it("skips the step that it names, with the reason, and not without one", async () => {
    const { sent, button } = show(["retry", "skip"]);
    const skip = button("skip");
    if (!skip) throw new Error("no way to skip");
    expect(button("take-back")).toBeNull();
    expect(skip.textContent).toContain("label");
    fireEvent.click(skip);
    expect(sent).toEqual([]);
    fireEvent.change(screen.getByRole("textbox"), { target: { value: " printed in the shop " } });
    await act(async () => void fireEvent.click(skip));
    expect(sent).toEqual([{ path: "/api/v1/commands/skip-step", body: { flow: "k7:1", step: "label", reason: "printed in the shop" } }]);
  });

  it("is absent where the flow allows neither", () => {
    const { button } = show(["retry"]);
    expect(button("other-ways")).toBeNull();
  });
});
