import type { components } from "./schema";

/**
 * The bodies of the HTTP API, which are also the values of the live topics, under the app's names for them. They are made from
 * the API's own description (npm run schema). Times are RFC 3339 UTC strings, positions are places in the log.
 */
type Bodies = components["schemas"];

/** What every answer carries: the log position its values come from. */
export interface Positioned {
  position: number;
}

export interface Page<T> extends Positioned {
  /** Of the whole list; -1 when it is not counted. */
  total: number;
  next: string;
  items: T[];
}

/** An exact amount: whole minor units (pence) of an ISO 4217 currency. */
export type Money = Bodies["Money"];

export type Kpis = Bodies["KPIs"];
/** Why an order waits. */
export type WaitingWord = keyof Kpis["automation"]["waiting"];
export type Workspace = Bodies["Workspace"];
export type RiskRules = Bodies["RiskRules"];
export type Shortage = Bodies["Shortage"];
export type LabelPartner = Bodies["LabelPartner"];
export type SetLabelPartner = Bodies["SetLabelPartner"];
export type MentionSource = Bodies["MentionSource"];
export type AddMentionSource = Bodies["AddMentionSource"];
export type SignalDay = Bodies["SignalDay"];
export type Series = Bodies["Series"];

export type StockItem = Bodies["StockItem"];
export type StockDetail = Bodies["SKU"];
export type Severity = StockItem["severity"];
export type SheetPreview = Bodies["SheetPreview"];
/** What lies of a SKU at a location. */
export type Stand = Bodies["Stand"];
export type Location = Bodies["Location"];
export type LedgerRow = Bodies["LedgerEntry"];
export type LedgerKind = LedgerRow["kind"];

export type OrderItem = Bodies["OrderItem"];
export type OrderDetail = Bodies["Order"];
export type OrderLine = Bodies["OrderLine"];
export type OrderSide = Bodies["OrderSide"];
export type Relisted = Bodies["Relisted"];
export type RelistedLetter = Bodies["RelistedLetter"];
/** A cancellation or return that a buyer asks for. */
export type Claim = Bodies["OrderClaim"];
/** What the channel was told about one, or about the whole order. */
export type SellersAnswer = Bodies["OrderAnswer"];
/** What the seller said of parcels, and what became of it at the channel. */
export type ShippingRequest = Bodies["ShippingRequest"];
export type Flow = Bodies["OrderFlow"];
export type FlowStep = Bodies["FlowStep"];
export type StepState = FlowStep["state"];
export type FlowItem = Bodies["FlowItem"];

export type Change = Bodies["Change"];
export type LogEvent = Bodies["Event"];
export type EventPage = Bodies["EventList"];
export type InboxEntry = Bodies["InboxEntry"];

export type KnownListing = Bodies["KnownListing"];
export type ImportStep = Bodies["ImportStep"];
export type ImportReport = Bodies["ImportReport"];
export type SkuListing = Bodies["Listing"];
export type Connection = Bodies["Connection"];
export type Connections = Bodies["Connections"];
export type Examination = Bodies["Report"];

export type DeadLetter = Bodies["DeadLetter"];
export type DeadLetters = Bodies["DeadLetterList"];
export type Replay = Bodies["Replay"];

export type Session = Bodies["SessionBody"];
export type Role = Session["role"];
/** A signed-in browser of one's own. */
export type Device = Bodies["SessionItem"];
export type User = Bodies["UserItem"];
/** Shown once; link is a path at our own address. */
export type OneTimeLink = Bodies["LinkBody"];
export type ApiKey = Bodies["KeyItem"];
export type NewKey = Bodies["MakeKeyRequest"];
/** The key is shown once. */
export type MadeKey = Bodies["MadeKey"];

/** What a command answers when it was done. */
export type CommandAnswer = Bodies["CommandAnswer"];

/** RFC 9457; detail is a sentence that may be shown. */
export type ProblemBody = Bodies["Problem"];

/** Ends each tick of the live board: everything sent before it comes from this position. */
export interface ClockFrame extends Positioned {
  at: string;
  log: string;
}
