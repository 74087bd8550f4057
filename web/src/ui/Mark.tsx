import {
  Ban,
  Check,
  CircleAlert,
  CircleDashed,
  CircleDot,
  CircleHelp,
  Clock,
  CreditCard,
  Hourglass,
  MapPin,
  KeyRound,
  ListOrdered,
  Minus,
  PackageX,
  Pause,
  Plus,
  ShieldAlert,
  Tag,
  TrendingUp,
  TriangleAlert,
  Undo2,
  type LucideIcon,
} from "lucide-react";
import { cx } from "./cx";
import { t } from "./words/first";
import { wordOf } from "./words/wordOf";

type Tone = "ok" | "warn" | "crit" | "calm" | "quiet";

const looks: Record<string, { icon: LucideIcon; tone: Tone }> = {
  ok: { icon: Check, tone: "ok" },
  warning: { icon: TriangleAlert, tone: "warn" },
  critical: { icon: CircleAlert, tone: "crit" },
  viral: { icon: TrendingUp, tone: "warn" },
  no_stock: { icon: PackageX, tone: "crit" },
  backorder: { icon: ListOrdered, tone: "warn" },
  unknown_sku: { icon: Tag, tone: "warn" },
  decision: { icon: CircleHelp, tone: "warn" },
  payment: { icon: CreditCard, tone: "warn" },
  risk: { icon: ShieldAlert, tone: "warn" },
  tracking: { icon: Tag, tone: "warn" },
  location: { icon: MapPin, tone: "warn" },
  on_hold: { icon: Pause, tone: "calm" },
  unpaid: { icon: CreditCard, tone: "calm" },
  stuck: { icon: CircleAlert, tone: "crit" },
  failed: { icon: CircleAlert, tone: "crit" },
  failing: { icon: CircleAlert, tone: "crit" },
  more: { icon: Plus, tone: "warn" },
  fewer: { icon: Minus, tone: "warn" },
  late: { icon: TriangleAlert, tone: "warn" },
  paused: { icon: Pause, tone: "calm" },
  finished: { icon: Check, tone: "ok" },
  done: { icon: Check, tone: "ok" },
  running: { icon: CircleDot, tone: "calm" },
  waiting: { icon: Hourglass, tone: "calm" },
  pending: { icon: CircleDashed, tone: "quiet" },
  skipped: { icon: CircleDashed, tone: "quiet" },
  cancelled: { icon: Ban, tone: "quiet" },
  undone: { icon: Undo2, tone: "quiet" },
  undoing: { icon: Undo2, tone: "warn" },
  channel: { icon: Hourglass, tone: "calm" },
  authorisation: { icon: KeyRound, tone: "crit" },
  away: { icon: Hourglass, tone: "warn" },
};

const inks: Record<Tone, string> = {
  ok: "text-accent",
  warn: "text-warn",
  crit: "text-crit",
  calm: "text-fg-2",
  quiet: "text-fg-3",
};

interface MarkProps {
  state: string;
  word?: string;
  /** Lets a long word take two lines where there is little room. */
  wrap?: boolean;
  className?: string;
}

/** A state: icon, word and colour, never colour alone. */
export function Mark({ state, word, wrap = false, className }: MarkProps) {
  const { icon: Icon, tone } = looks[state] ?? { icon: Clock, tone: "calm" as const };
  return (
    <span className={cx("tint inline-flex items-center gap-1.5 align-middle text-[13px]", !wrap && "whitespace-nowrap", inks[tone], className)} data-state={state}>
      <Icon className="size-3.5 shrink-0" aria-hidden="true" />
      <span>{word ?? wordOf(t.state, state)}</span>
    </span>
  );
}
