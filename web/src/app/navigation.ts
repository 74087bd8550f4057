import { Boxes, LayoutDashboard, MailWarning, ShoppingBag, type LucideIcon } from "lucide-react";
import { t } from "../ui/words/words";

export interface Place {
  to: "/" | "/orders" | "/inventory" | "/deadletters";
  word: string;
  icon: LucideIcon;
}

/** The rooms of the app, in order. Only those that exist. */
export const places: Place[] = [
  { to: "/", word: t.nav.command, icon: LayoutDashboard },
  { to: "/orders", word: t.nav.orders, icon: ShoppingBag },
  { to: "/inventory", word: t.nav.inventory, icon: Boxes },
  { to: "/deadletters", word: t.nav.deadletters, icon: MailWarning },
];
