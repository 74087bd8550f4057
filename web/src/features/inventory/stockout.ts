import type { Format } from "../../ui/format";
import { t } from "../../ui/words/words";
import type { StockItem } from "../../wire/api";

/** Between which times a SKU runs out, as far as its sales tell; empty when nothing is foretold. */
export function stockoutRange(item: Pick<StockItem, "stockout_seconds" | "stockout_soonest_seconds" | "stockout_latest_seconds">, format: Format): string {
  const { stockout_seconds: seconds, stockout_soonest_seconds: soonest, stockout_latest_seconds: latest } = item;
  if (seconds === null || seconds <= 0 || soonest === null) return "";
  return latest === null ? t.inventory.outAfter(format.ahead(soonest)) : t.inventory.outBetween(format.ahead(soonest), format.ahead(latest));
}

/** When a SKU runs out, no finer than it is known, or the server's reason why that is not foretold. */
export function stockoutWord(item: Pick<StockItem, "stockout_seconds" | "stockout_text">, format: Format): string {
  const { stockout_seconds: seconds, stockout_text: text } = item;
  if (seconds !== null && seconds > 0) return t.inventory.outIn(format.ahead(seconds));
  return text.charAt(0).toUpperCase() + text.slice(1);
}
