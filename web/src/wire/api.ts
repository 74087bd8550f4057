/**
 * The bodies of the HTTP API, which are also the values of the live topics. Written by hand from docs/api.md.
 * Times are RFC 3339 UTC strings, positions are places in the log.
 */

/** An exact amount: whole minor units (pence) of an ISO 4217 currency. */
export interface Money {
  minor: number;
  currency: string;
}

/** What every answer carries: the log position its values come from. */
export interface Positioned {
  position: number;
}

/** A figure with its change; change is null when there is nothing to compare with. */
export interface Figure<T> {
  value: T;
  change_percent: number | null;
  spark: number[];
  base: string;
}

export type WaitingWord = "on_hold" | "unpaid" | "no_stock" | "unknown_sku" | "channel" | "authorisation" | "away";

/** A seller's business; versions are 0 for what nobody has set. */
export interface Workspace {
  name: string;
  zone: string;
  currency: string;
  versions: { name: number; zone: number; currency: number };
}

export interface Kpis extends Positioned {
  at: string;
  workspace: Workspace;
  active_orders: number;
  events_per_second: number;
  revenue_today: Figure<Money>;
  orders_today: Figure<number>;
  conversion: { value: number | null; reason?: string };
  repeat_customers: { value: number | null; change_pp: number | null; spark: number[]; base: string; reason?: string };
  automation: {
    health_percent: number | null;
    finished: number;
    untouched: number;
    window_hours: number;
    mean_seconds: number | null;
    p95_seconds: number | null;
    elapsed_mean_seconds: number | null;
    change_percent: number | null;
    waiting: Record<WaitingWord, number>;
    stuck: number;
  };
  /** Messages and steps that wait for a person. */
  dead_letters: number;
  other_currencies: Money[];
}

export interface Series extends Positioned {
  metric: "revenue" | "orders";
  currency: string;
  step_seconds: number;
  zone: string;
  points: { at: string; value: number }[];
}

export type Severity = "ok" | "warning" | "critical";

export interface StockItem {
  sku: string;
  name: string;
  on_hand: number;
  reserved: number;
  available: number;
  velocity_1h: number;
  velocity_24h: number;
  stockout_seconds: number | null;
  stockout_text: string;
  severity: Severity;
  waiting_orders: number;
  oversold: number;
  version: number;
}

export interface Page<T> extends Positioned {
  /** Of the whole list; -1 when it is not counted. */
  total: number;
  next: string;
  items: T[];
}

export type LedgerKind = "received" | "reserved" | "released" | "shipped" | "adjusted" | "returned";

export interface LedgerRow {
  entry: number;
  at: string;
  kind: LedgerKind;
  quantity: number;
  on_hand: number;
  reserved: number;
  available: number;
  order: string;
  reason: string;
  actor: string;
  cause: string;
  event_position: number;
  inbox: number;
}

export interface LedgerPage extends Positioned {
  next: string;
  items: LedgerRow[];
}

export interface StockDetail extends StockItem, Positioned {
  received: number;
  shipped: number;
  adjusted: number;
  returned: number;
  listings: { connection: string; connection_name: string; channel: string; listing: string; code: string }[];
  waiting: { order: string; short: number }[];
  explain: string;
  ledger: LedgerRow[];
}

export interface OrderItem {
  id: string;
  channel_id: string;
  connection: string;
  channel: string;
  /** The channel's state in our words: ready, arranged, in_transit, … */
  status: string;
  /** The flow's step. */
  stage: string;
  waiting: string;
  /** Where the flow stands, when the server says it. */
  phase?: string;
  placed_at: string;
  updated_at: string;
  units: number;
  lines: number;
  total: Money;
  cancelled: boolean;
}

export interface OrderLine {
  listing: string;
  code: string;
  sku: string;
  name: string;
  quantity: number;
  price: Money;
  total: Money;
}

export type StepState = "done" | "running" | "waiting" | "failed" | "undone" | "pending" | "skipped";

export interface FlowStep {
  name: string;
  state: StepState;
  at: string;
  attempts: number;
  seconds: number;
  detail: string;
}

export interface Flow {
  id: string;
  state: "waiting" | "running" | "undoing" | "finished" | "undone" | "stuck";
  step: string;
  sentence: string;
  wake_at?: string | null;
  own_seconds: number;
  elapsed_seconds: number;
  steps: FlowStep[];
}

export interface LogEvent {
  position: number;
  at: string;
  occurred: string;
  name: string;
  stream: string;
  version: number;
  actor: string;
  cause: string;
  correlation: string;
  inbox: number;
  data: unknown;
}

export interface OrderDetail extends Omit<OrderItem, "lines">, Positioned {
  lines: OrderLine[];
  flow: Flow | null;
  label: { id: string; type: string; tracking: string } | null;
  events: LogEvent[];
}

export interface EventPage extends Positioned {
  next: string;
  items: LogEvent[];
}

export interface Connection {
  id: string;
  channel: string;
  name: string;
  shop_id: string;
  state: "ok" | "late" | "failing" | "paused";
  last_success_at: string | null;
  last_webhook_at: string | null;
  last_poll_at: string | null;
  limit_seconds: number;
  backlog: number;
  lag_seconds: number;
  webhooks_per_minute: number;
  webhooks_total: number;
  duplicates: number;
  quarantined: number;
  drift_found: number;
  error: string;
  mend: string;
  failing_since: string | null;
  /** When the shop's authorisation ends, as far as it is known. */
  expires_at: string | null;
  rate: { read_per_second: number; write_per_second: number };
}

export interface Connections extends Positioned {
  at: string;
  all_synced: boolean;
  items: Connection[];
}

/** What the doctor found at a connection. */
export interface Examination extends Positioned {
  checks: {
    /** What was looked at; the words of the app say it for people. */
    name: string;
    state: "green" | "red" | "grey";
    found: string;
    /** What to click or type; empty when nothing is to be done. */
    mend: string;
  }[];
}

export interface FlowItem {
  id: string;
  kind: string;
  /** The order. */
  subject: string;
  state: Flow["state"] | "new";
  step: string;
  attempts: number;
  sentence: string;
  wake_at: string | null;
  started_at: string;
  updated_at: string;
}

export interface DeadLetter {
  id: string;
  kind: "webhook" | "record" | "step" | "stock";
  at: string;
  connection: string;
  subject: string;
  field: string;
  rule: string;
  sample: string;
  reason: string;
  attempts: number;
  inbox: number;
  actions: string[];
}

export interface DeadLetters extends Page<DeadLetter> {
  /** Of all letters of a time: the one under way, or the last one. */
  replay: Replay | null;
}

export interface Replay {
  running: boolean;
  from: string;
  to: string;
  replayed: number;
  skipped: number;
}

export interface InboxEntry {
  number: number;
  received_at: string;
  channel: string;
  app: string;
  connection: string;
  delivery: string;
  state: "pending" | "done" | "quarantined" | "dead" | "discarded" | "superseded" | "unknown";
  attempts: number;
  reason: string;
  hash: string;
  body: string;
  body_note?: string;
}

export type Role = "owner" | "operator" | "viewer";

export interface Session {
  user: string;
  role: Role;
}

/** A signed-in browser of one's own. */
export interface Device {
  id: string;
  agent: string;
  current: boolean;
  created_at: string;
  seen_at: string;
}

export interface User {
  name: string;
  role: Role;
  current: boolean;
  /** No password was set yet. */
  invited: boolean;
  disabled: boolean;
  sessions: number;
  created_at: string;
  /** Empty when the user is signed in nowhere. */
  seen_at: string;
}

/** Shown once; link is a path at our own address. */
export interface OneTimeLink {
  user: string;
  link: string;
  ends_at: string;
}

export interface ApiKey {
  prefix: string;
  name: string;
  role: Role;
  /** None = all rights of the role. */
  scopes: string[];
  current: boolean;
  created_at: string;
  used_at: string;
  ends_at: string;
}

/** The key is shown once. */
export interface MadeKey {
  key: string;
  item: ApiKey;
}

/** A list that always comes whole. */
export interface Whole<T> {
  items: T[];
}

/** Ends each tick of the live board: everything sent before it comes from this position. */
export interface ClockFrame extends Positioned {
  at: string;
  log: string;
}

/** What a command answers when it was done. */
export interface CommandAnswer extends Positioned {
  version: number;
  result: Record<string, unknown>;
}

/** RFC 9457; detail is a sentence that may be shown. */
export interface ProblemBody {
  title: string;
  status: number;
  detail: string;
  request_id?: string;
  errors?: { field: string; rule: string; value: unknown }[];
}
