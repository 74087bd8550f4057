import { expect, it } from "vitest";
import { orderState } from "./state";

const order = { cancelled: false, waiting: "", stage: "", status: "ready" };

it.each([
  ["cancelled before anything else", { ...order, cancelled: true, waiting: "no_stock", phase: "waiting" }, "cancelled", "Cancelled"],
  ["a reason to wait", { ...order, waiting: "no_stock", stage: "check", phase: "waiting" }, "no_stock", "No stock"],
  ["stuck", { ...order, stage: "label", phase: "stuck" }, "stuck", "Stuck"],
  ["finished", { ...order, stage: "metrics", phase: "finished", status: "arranged" }, "finished", "Finished"],
  ["the channel's word when the phase is not told", { ...order, stage: "metrics", status: "in_transit" }, "finished", "In transit"],
  ["the step it is at", { ...order, stage: "tell_channel", phase: "running" }, "running", "In progress: tell channel"],
  ["a wait that is new to us", { ...order, waiting: "risk_hold" }, "risk_hold", "Risk hold"],
  ["no flow yet", order, "waiting", "Ready"],
  ["no flow yet, and why", { ...order, status: "on_hold" }, "on_hold", "On hold"],
])("says %s", (_, given, state, word) => expect(orderState(given)).toEqual({ state, word }));
