import { Link, useParams } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { useTicking, useTopic } from "../../sync/hooks";
import { AnimatedNumber } from "../../ui/AnimatedNumber";
import { Card } from "../../ui/Card";
import { cx } from "../../ui/cx";
import { buttonLook } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { useFormat } from "../../ui/format";
import { Mark } from "../../ui/Mark";
import { PageHead } from "../../ui/PageHead";
import { Rows } from "../../ui/Rows";
import { Select } from "../../ui/Select";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { SkuListing, StockDetail } from "../../wire/api";
import { stockTopic } from "../../wire/topics";
import { AdjustForm } from "./AdjustForm";
import { BundleCard, InBundles } from "./BundleCard";
import { CountForm } from "./CountForm";
import { LedgerCard } from "./LedgerCard";
import { OutageForm } from "./OutageForm";
import { PolicyForm } from "./PolicyForm";
import { QueueCard } from "./QueueCard";
import { ReceiveForm } from "./ReceiveForm";
import { RepairListing } from "./RepairListing";
import { stockoutRange, stockoutWord } from "./stockout";
import { WhereCard } from "./WhereCard";

/** One SKU: how many, why that many, and every movement behind it. */
export function SkuPage() {
  const { sku } = useParams({ from: "/shell/inventory/$sku" });
  const { value: stock, position, problem, retry } = useTopic(stockTopic(sku));
  const missing = stock === undefined && problem?.status === 404;
  const named = stock !== undefined && stock.name !== "";
  return (
    <div data-position={position < 0 ? undefined : position} data-c="sku">
      <PageHead
        title={named ? stock.name : sku}
        back={
          <Link to="/inventory" search={{}} className="inline-flex min-h-6 items-center text-accent hover:underline max-md:min-h-11">
            {t.inventory.back}
          </Link>
        }
        lead={missing || (stock && !named) ? null : <span className="font-mono text-[13px]">{sku}</span>}
      />
      {missing && (
        <section className="rounded-card border border-line bg-surface" aria-label={t.inventory.missing}>
          <Empty
            title={t.inventory.missing}
            why={t.inventory.missingWhy}
            action={
              <Link to="/inventory" search={{}} className={buttonLook()}>
                {t.inventory.clear}
              </Link>
            }
          />
        </section>
      )}
      {problem && !missing && (
        <div className="mb-4">
          <Trouble problem={problem} kept={stock !== undefined} retry={retry} />
        </div>
      )}
      {stock === undefined && !problem && (
        <Card title={t.inventory.why}>
          <Rows count={6} />
        </Card>
      )}
      {stock && (
        <div className="grid grid-cols-1 items-start gap-3 md:gap-4 xl:grid-cols-[5fr_2fr]">
          <div className="flex min-w-0 flex-col gap-3 md:gap-4">
            <Why stock={stock} />
            <LedgerCard key={sku} sku={sku} first={stock.ledger} position={stock.position} />
          </div>
          <div className="flex min-w-0 flex-col gap-3 md:gap-4">
            {stock.where.length > 1 && stock.components.length === 0 && <WhereCard key={`where ${sku}`} stock={stock} />}
            {stock.components.length > 0 ? <BundleCard stock={stock} /> : <Movements stock={stock} />}
            {stock.bundles.length > 0 && <InBundles stock={stock} />}
            {stock.queue.orders > 0 && <QueueCard stock={stock} />}
            <Waiting stock={stock} />
            <Listings stock={stock} />
          </div>
        </div>
      )}
    </div>
  );
}

/** What is done to the stock that a SKU has of its own. */
function Movements({ stock }: { stock: StockDetail }) {
  const { sku } = stock;
  const open = stock.where.filter(({ closed }) => !closed);
  const [chosen, choose] = useState("");
  const at = open.find(({ id }) => id === chosen) ?? open.find(({ id }) => id === "main");
  const place = open.length > 1 ? at : undefined;
  return (
    <>
      {place && (
        <Card title={t.places.at} name="at-location">
          <Select label={t.places.at} quiet value={place.id} options={open.map(({ id, name }) => [id, name])} choose={choose} />
        </Card>
      )}
      <Card title={t.inventory.receive} name="receive">
        <ReceiveForm sku={sku} at={place} />
      </Card>
      <Card title={t.inventory.adjust} name="adjust">
        <AdjustForm sku={sku} at={place} />
      </Card>
      <Card title={t.inventory.count} name="count">
        <CountForm key={`${sku} ${place?.id ?? ""}`} sku={sku} at={place} onHand={place?.on_hand ?? stock.on_hand} adjusted={place?.adjusted ?? stock.adjusted} />
      </Card>
    </>
  );
}

function Why({ stock }: { stock: StockDetail }) {
  const format = useFormat();
  const count = useCallback((n: number) => [format.count(n), ""] as const, [format]);
  const figures: [string, string][] = [
    [t.inventory.onHand, format.count(stock.on_hand)],
    [t.inventory.reserved, format.count(stock.reserved)],
    [t.inventory.received, format.count(stock.received)],
    [t.inventory.shipped, format.count(stock.shipped)],
    [t.inventory.adjusted, format.signed(stock.adjusted)],
    [t.inventory.returned, format.count(stock.returned)],
    [t.inventory.perHour1, format.rate(stock.velocity_1h)],
    [t.inventory.perHour24, format.rate(stock.velocity_24h)],
  ];
  const range = stockoutRange(stock, format);
  return (
    <Card title={t.inventory.why} aside={<Mark state={stock.severity} word={stockoutWord(stock, format)} />} name="why">
      <div className="flex flex-wrap items-baseline gap-x-3">
        <span data-c="available">
          <AnimatedNumber
            value={stock.available}
            parts={count}
            className={cx(
              "tint text-[36px] leading-none font-bold tracking-tight",
              stock.severity === "critical" ? "text-crit" : stock.severity === "warning" ? "text-warn" : "text-fg",
            )}
          />
        </span>
        <span className="text-fg-3">{t.inventory.availableNow}</span>
        {stock.oversold > 0 && <Mark state="critical" word={t.state.oversold(format.count(stock.oversold))} />}
      </div>
      <p className="mt-2 text-fg-2 tabular-nums" data-c="explain">
        {stock.explain}
      </p>
      {range !== "" && (
        <p className="mt-1 text-[13px] text-fg-3 tabular-nums" data-c="stockout-range">
          {range}
        </p>
      )}
      <dl className={cx("mt-4 grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-4", stock.components.length > 0 && "hidden")}>
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt className="text-[12px] text-fg-3">{name}</dt>
            <dd className="font-semibold tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

/** Orders that nobody serves by itself; those in turn have a card of their own. */
function Waiting({ stock }: { stock: StockDetail }) {
  const format = useFormat();
  const held = stock.waiting.filter(({ order }) => !stock.queue.places.some((place) => place.order === order));
  if (held.length === 0) return null;
  return (
    <Card title={t.inventory.waitingTitle} name="waiting-orders">
      <ul className="flex flex-col text-[13px]">
        {held.map(({ order, short }) => (
          <li key={order} className="flex items-center justify-between gap-3 border-b border-line last:border-0">
            <Link
              to="/orders/$id"
              params={{ id: order }}
              className="inline-flex min-h-9 min-w-0 items-center truncate font-mono text-accent hover:underline max-md:min-h-11"
            >
              {order.slice(order.indexOf(":") + 1)}
            </Link>
            <span className="text-fg-3 tabular-nums">{t.inventory.short(format.count(short))}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Listings({ stock }: { stock: StockDetail }) {
  return (
    <Card title={t.inventory.listings} name="listings">
      {stock.listings.length === 0 ? (
        <p className="text-[13px] text-fg-3">{t.inventory.listingsNone}</p>
      ) : (
        <ul className="flex flex-col gap-2.5 text-[13px]">
          {stock.listings.map((listing) => (
            <ListingLine key={`${listing.connection}-${listing.listing}-${listing.code}`} sku={stock.sku} listing={listing} />
          ))}
        </ul>
      )}
      {stock.survives !== "" && <p className="mt-3 text-[13px] text-fg-2" data-c="survives">{stock.survives}</p>}
      <PolicyForm sku={stock.sku} listings={stock.listings} />
      {stock.survives !== "" && <OutageForm sku={stock.sku} outage={stock.outage} />}
    </Card>
  );
}

/** One listing: how many it shows, how many can still be sold there at most, and since when that is sure. */
function ListingLine({ sku, listing }: { sku: string; listing: SkuListing }) {
  const format = useFormat();
  const confirmed = useTicking((time) => (listing.confirmed_at === null ? "" : t.inventory.confirmed(format.age(time.secondsSince(listing.confirmed_at)))));
  const parts = [
    listing.quantity === null ? t.inventory.listedUnknown : t.inventory.listed(format.count(listing.quantity), format.count(listing.exposure ?? 0)),
    confirmed,
    t.inventory.policy[listing.policy],
  ].filter((part) => part !== "");
  return (
    <li data-c="listing">
      <div className="flex flex-wrap justify-between gap-x-3">
        <span>{listing.connection_name}</span>
        <span className="font-mono text-[12px] text-fg-3">{listing.code}</span>
      </div>
      <p className="text-[12px] text-fg-3 tabular-nums">{listing.pushing ? parts.join(" \u00b7 ") : t.inventory.notPushed}</p>
      {listing.differs_since !== null && <p className="text-[12px] text-warn">{t.inventory.differs}</p>}
      {listing.trouble !== "" && <p className="text-[12px] text-warn [overflow-wrap:anywhere]">{listing.trouble}</p>}
      {listing.pushing && (listing.differs_since !== null || listing.trouble !== "") && <RepairListing connection={listing.connection} sku={sku} />}
    </li>
  );
}
