import type { Format } from "../../ui/format";
import { t } from "../../ui/words/words";
import type { StockItem } from "../../wire/api";

/** When a SKU runs out, no finer than it is known, or the server's reason why that is not foretold. */
export function stockoutWord(item: Pick<StockItem, "stockout_seconds" | "stockout_text">, format: Format): string {
  const { stockout_seconds: seconds, stockout_text: text } = item;
  if (seconds !== null && seconds > 0) return t.inventory.outIn(format.ahead(seconds));
  return text.charAt(0).toUpperCase() + text.slice(1);
}
