import { AtSign, Boxes, LayoutDashboard, MailWarning, RadioTower, ScrollText, Settings, ShoppingBag, Workflow, type LucideIcon } from "lucide-react";
import { t } from "../ui/words/first";

export interface Place {
  to: "/" | "/orders" | "/inventory" | "/channels" | "/signals" | "/flows" | "/deadletters" | "/events" | "/settings";
  word: string;
  icon: LucideIcon;
  /** Pressed after g, it opens the room. */
  key: string;
}

/** The rooms of the app, in order. Only those that exist. */
export const places: Place[] = [
  { to: "/", word: t.nav.command, icon: LayoutDashboard, key: "c" },
  { to: "/orders", word: t.nav.orders, icon: ShoppingBag, key: "o" },
  { to: "/inventory", word: t.nav.inventory, icon: Boxes, key: "i" },
  { to: "/channels", word: t.nav.channels, icon: RadioTower, key: "s" },
  { to: "/signals", word: t.nav.signals, icon: AtSign, key: "m" },
  { to: "/flows", word: t.nav.flows, icon: Workflow, key: "f" },
  { to: "/deadletters", word: t.nav.deadletters, icon: MailWarning, key: "d" },
  { to: "/events", word: t.nav.events, icon: ScrollText, key: "e" },
  { to: "/settings", word: t.nav.settings, icon: Settings, key: "t" },
];

/** Whether an address is a room, or something in it. */
export function isAt(path: string, to: Place["to"]): boolean {
  return path === to || (to !== "/" && path.startsWith(`${to}/`));
}

/** How many of them have a place of their own on a phone; the others are behind "More". */
export const onPhones = 4;
