import { Link } from "@tanstack/react-router";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { useFormat } from "../../ui/format";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { StockDetail } from "../../wire/api";
import { BundleForm } from "./BundleForm";

const line = "flex items-center justify-between gap-3 border-b border-line last:border-0";
const link = "inline-flex min-h-9 min-w-0 items-center truncate font-mono text-accent hover:underline max-md:min-h-11";

/** What a bundle is made of, and how many there are of that. */
export function BundleCard({ stock }: { stock: StockDetail }) {
  const format = useFormat();
  const { state, run } = useCommand("dissolve-bundle");
  return (
    <Card title={t.bundle.madeOf} name="bundle">
      <ul className="flex flex-col text-[13px]">
        {stock.components.map(({ sku, quantity, available }) => (
          <li key={sku} className={line} data-c="component">
            <Link to="/inventory/$sku" params={{ sku }} className={link}>
              {t.bundle.part(format.count(quantity), sku)}
            </Link>
            <span className="text-fg-3 tabular-nums">{t.bundle.there(format.count(available))}</span>
          </li>
        ))}
      </ul>
      <p className="mt-3 mb-3 text-[13px] text-fg-3">{t.bundle.keeps}</p>
      <BundleForm key={stock.made_of} sku={stock.sku} parts={stock.components} />
      <Button className="mt-3 self-start" busy={state.kind === "sending"} onClick={() => void run({ sku: stock.sku })}>
        {t.bundle.dissolve}
      </Button>
      <Said state={state} done={t.bundle.dissolved} roomy={false} />
    </Card>
  );
}

/** The bundles that take a SKU: its stock is sold in them, too. */
export function InBundles({ stock }: { stock: StockDetail }) {
  const format = useFormat();
  return (
    <Card title={t.bundle.inTitle} name="in-bundles">
      <ul className="flex flex-col text-[13px]">
        {stock.bundles.map(({ sku, quantity }) => (
          <li key={sku} className={line} data-c="in-bundle">
            <Link to="/inventory/$sku" params={{ sku }} className={link}>
              {sku}
            </Link>
            <span className="text-fg-3 tabular-nums">{t.bundle.takes(format.count(quantity))}</span>
          </li>
        ))}
      </ul>
      <p className="mt-3 text-[13px] text-fg-3">{t.bundle.apart}</p>
    </Card>
  );
}
