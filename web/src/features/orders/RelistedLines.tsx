import { useFormat } from "../../ui/format";
import { cx } from "../../ui/cx";
import { Mark } from "../../ui/Mark";
import { t } from "../../ui/words/words";
import type { OrderSide, Relisted } from "../../wire/api";
import { ProductName } from "./ProductName";

interface RelistedLinesProps {
  relisted: Relisted;
  /** Codes that wait for a SKU. */
  unknown: string[];
}

/** What was ordered beside what the channel lists now, line by line; what differs is marked. */
export function RelistedLines({ relisted, unknown }: RelistedLinesProps) {
  const cell = "px-2 py-2 text-right tabular-nums md:px-3";
  return (
    <table className="w-full border-collapse text-left text-[13px]" data-c="relisted">
      <thead>
        <tr className="border-b border-line text-[12px] text-fg-3">
          <th className="py-2 pr-2 font-medium">{t.orders.product}</th>
          <th className="px-2 py-2 text-right font-medium md:px-3">{t.orders.ordered}</th>
          <th className="py-2 pl-2 text-right font-medium md:pl-3">{t.orders.atShop}</th>
        </tr>
      </thead>
      <tbody>
        {relisted.lines.map((line, i) => (
          <tr key={`${line.listing}-${i}`} className="border-b border-line align-top" data-c="relisted-line">
            <td className="py-2 pr-2">
              <ProductName line={line} unknown={unknown} />
            </td>
            <td className={cx(cell, "text-fg-2")}>
              <Side side={line.ordered} />
            </td>
            <td className={cx(cell, "pr-0 md:pr-0")}>
              <Side side={line.listed} />
              <Difference was={line.ordered} is={line.listed} line />
            </td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr className="align-top font-semibold" data-c="relisted-total">
          <td className="pt-2">{t.orders.amount}</td>
          <td className={cx(cell, "pb-0")}>
            <Side side={relisted.ordered} />
          </td>
          <td className={cx(cell, "pr-0 pb-0 md:pr-0")}>
            <Side side={relisted.listed} />
            <Difference was={relisted.ordered} is={relisted.listed} />
          </td>
        </tr>
      </tfoot>
    </table>
  );
}

function Side({ side }: { side: OrderSide }) {
  const format = useFormat();
  if (side.units === 0) return <span className="text-fg-3">{t.orders.none}</span>;
  return (
    <>
      <span className="block">{format.count(side.units)}</span>
      <span className="block text-[12px] text-fg-3">{format.money(side.total)}</span>
    </>
  );
}

function Difference({ was, is, line = false }: { was: OrderSide; is: OrderSide; line?: boolean }) {
  const format = useFormat();
  const units = is.units - was.units;
  const money = is.total.currency === was.total.currency ? is.total.minor - was.total.minor : 0;
  if (units === 0 && money === 0) return null;
  const amount = format.money({ ...is.total, minor: Math.abs(money) });
  let word = units > 0 ? t.orders.differs.more(format.count(units)) : t.orders.differs.fewer(format.count(-units));
  if (line && was.units === 0) word = t.orders.differs.added;
  else if (line && is.units === 0) word = t.orders.differs.gone;
  else if (units === 0) word = money > 0 ? t.orders.differs.more(amount) : t.orders.differs.less(amount);
  return <Mark state={units > 0 || (units === 0 && money > 0) ? "more" : "fewer"} word={word} wrap className="justify-end text-[12px] font-normal" />;
}
