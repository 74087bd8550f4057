import type { Expected } from "../../sync/command";
import { t } from "../../ui/words/words";
import type { StockDetail } from "../../wire/api";
import { stockTopic } from "../../wire/topics";

/** A SKU's figures as they will be once a movement is booked. Why they are so is said by the server, so until then it says what is under way. */
export function expected(sku: string, movement: "received" | "adjusted", delta: number, shown: string, ships = true): Expected<StockDetail> {
  return {
    topic: stockTopic(sku),
    apply: (stock) =>
      stock.on_hand + delta < 0 // the server refuses that
        ? stock
        : { ...stock, on_hand: stock.on_hand + delta, available: stock.available + (ships ? delta : 0), aside: stock.aside + (ships ? 0 : delta), [movement]: stock[movement] + delta, explain: t.inventory.booking(shown) },
  };
}
