import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from "@tanstack/react-router";
import { CommandPage } from "../features/command/CommandPage";
import { Broken } from "./Broken";
import { Missing } from "./Missing";
import { Shell } from "./Shell";
import { Toasts } from "./Toasts";

const pages = {
  orders: () => import("../features/orders/OrdersPage"),
  order: () => import("../features/orders/OrderPage"),
  inventory: () => import("./InventoryScreen"),
  sku: () => import("../features/inventory/SkuPage"),
  sheet: () => import("../features/inventory/SheetPage"),
  bundle: () => import("../features/inventory/BundlePage"),
  channels: () => import("../features/channels/ChannelsPage"),
  listings: () => import("../features/channels/ListingsPage"),
  signals: () => import("../features/signals/SignalsPage"),
  flows: () => import("../features/flows/FlowsPage"),
  deadletters: () => import("../features/deadletters/DeadLettersPage"),
  explorer: () => import("../features/trace/ExplorerPage"),
  event: () => import("../features/trace/EventPage"),
  inbox: () => import("../features/trace/InboxPage"),
  settings: () => import("../features/settings/SettingsPage"),
  signIn: () => import("../features/account/SignInPage"),
  setup: () => import("../features/account/SetupPage"),
};

/** Loads the screens that are one press away, while nothing else happens. */
export function prefetchPages(): void {
  for (const load of [pages.orders, pages.order, pages.inventory, pages.sku, pages.event, pages.inbox, pages.deadletters, pages.channels, pages.listings, pages.flows, pages.explorer]) {
    load().catch(() => undefined); // it is loaded again when it is needed
  }
  import("../ui/chart/TimeChart").catch(() => undefined); // the board's own, which waits for the first revenue
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

const root = createRootRoute({
  component: () => (
    <>
      <Outlet />
      <Toasts />
    </>
  ),
});

const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: () => (
    <Shell>
      <Outlet />
    </Shell>
  ),
});

const command = createRoute({ getParentRoute: () => shell, path: "/", component: CommandPage });

const orders = createRoute({
  getParentRoute: () => shell,
  path: "/orders",
  validateSearch: (search: Record<string, unknown>): { q?: string; status?: string } => {
    const q = text(search["q"]);
    const status = text(search["status"]);
    return { ...(q && { q }), ...(status && { status }) };
  },
  component: lazyRouteComponent(pages.orders, "OrdersPage"),
});

const order = createRoute({
  getParentRoute: () => shell,
  path: "/orders/$id",
  component: lazyRouteComponent(pages.order, "OrderPage"),
});

const inventory = createRoute({
  getParentRoute: () => shell,
  path: "/inventory",
  validateSearch: (search: Record<string, unknown>): { q?: string; critical?: true } => {
    const q = text(search["q"]);
    const critical = search["critical"] === true || search["critical"] === "true"; // from a link, or from an address
    return { ...(q && { q }), ...(critical && { critical: true as const }) };
  },
  component: lazyRouteComponent(pages.inventory, "InventoryScreen"),
});

const sku = createRoute({
  getParentRoute: () => shell,
  path: "/inventory/$sku",
  component: lazyRouteComponent(pages.sku, "SkuPage"),
});

// not below /inventory, where every name may be a SKU's
const bundle = createRoute({ getParentRoute: () => shell, path: "/bundle", component: lazyRouteComponent(pages.bundle, "BundlePage") });
const sheet = createRoute({ getParentRoute: () => shell, path: "/sheet", component: lazyRouteComponent(pages.sheet, "SheetPage") });

const channels = createRoute({
  getParentRoute: () => shell,
  path: "/channels",
  // a channel leads back here after a seller's consent
  validateSearch: (search: Record<string, unknown>): { back?: string } => {
    const query = new URLSearchParams();
    for (const name of Object.keys(search)) {
      const value = text(search[name]);
      if (value && name !== "back") query.set(name, value);
    }
    return query.has("code") || query.has("state") || query.has("error") ? { back: `?${query}` } : text(search["back"]) ? { back: String(search["back"]) } : {};
  },
  component: lazyRouteComponent(pages.channels, "ChannelsPage"),
});

const listings = createRoute({
  getParentRoute: () => shell,
  path: "/channels/$id",
  validateSearch: (search: Record<string, unknown>): { q?: string; state?: string } => {
    const q = text(search["q"]);
    const state = text(search["state"]);
    return { ...(q && { q }), ...(state && { state }) };
  },
  component: lazyRouteComponent(pages.listings, "ListingsPage"),
});

const signals = createRoute({ getParentRoute: () => shell, path: "/signals", component: lazyRouteComponent(pages.signals, "SignalsPage") });

const flows = createRoute({
  getParentRoute: () => shell,
  path: "/flows",
  validateSearch: (search: Record<string, unknown>): { state?: string } => {
    const state = text(search["state"]);
    return state ? { state } : {};
  },
  component: lazyRouteComponent(pages.flows, "FlowsPage"),
});

const deadletters = createRoute({
  getParentRoute: () => shell,
  path: "/deadletters",
  component: lazyRouteComponent(pages.deadletters, "DeadLettersPage"),
});

const explorer = createRoute({
  getParentRoute: () => shell,
  path: "/events",
  validateSearch: (search: Record<string, unknown>): { stream?: string; before?: number } => {
    const stream = text(search["stream"]);
    const before = Number(search["before"]);
    return { ...(stream && { stream }), ...(Number.isSafeInteger(before) && before > 1 && { before }) };
  },
  component: lazyRouteComponent(pages.explorer, "ExplorerPage"),
});

const event = createRoute({
  getParentRoute: () => shell,
  path: "/events/$position",
  component: lazyRouteComponent(pages.event, "EventPage"),
});

const inbox = createRoute({
  getParentRoute: () => shell,
  path: "/inbox/$number",
  component: lazyRouteComponent(pages.inbox, "InboxPage"),
});

// inside the shell, so that the navigation leads on
const missing = createRoute({ getParentRoute: () => shell, path: "$", component: Missing });
const settings = createRoute({
  getParentRoute: () => shell,
  path: "/settings",
  component: lazyRouteComponent(pages.settings, "SettingsPage"),
});

/** Where the business's settings were before. */
const workspace = createRoute({
  getParentRoute: () => shell,
  path: "/workspace",
  beforeLoad: () => {
    throw redirect({ to: "/settings", replace: true });
  },
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { next?: string } => {
    const next = text(search["next"]);
    return next ? { next } : {};
  },
  component: lazyRouteComponent(pages.signIn, "SignInPage"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  validateSearch: (search: Record<string, unknown>): { token?: string; user?: string } => {
    const token = text(search["token"]);
    const user = text(search["user"]);
    return { ...(token && { token }), ...(user && { user }) };
  },
  component: lazyRouteComponent(pages.setup, "SetupPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    shell.addChildren([command, orders, order, inventory, sku, sheet, bundle, channels, listings, signals, flows, deadletters, explorer, event, inbox, settings, workspace, missing]),
    signIn,
    setup,
  ]),
  // values stay text: the router's own reader would turn the SKU 1e5 into a number
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const written = new URLSearchParams();
    for (const [name, value] of Object.entries(search)) if (value !== undefined) written.set(name, String(value));
    return written.size > 0 ? `?${written}` : "";
  },
  defaultErrorComponent: Broken,
  scrollRestoration: true,
  defaultPreload: "intent",
  defaultPendingMs: 150,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
