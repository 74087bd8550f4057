import { Link, useParams } from "@tanstack/react-router";
import { FileDown } from "lucide-react";
import { useTopic } from "../../sync/hooks";
import { buttonLook } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { useFormat } from "../../ui/format";
import { Mark } from "../../ui/Mark";
import { PageHead } from "../../ui/PageHead";
import { Rows } from "../../ui/Rows";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { OrderDetail } from "../../wire/api";
import { orderTopic } from "../../wire/topics";
import { BackorderCard } from "./BackorderCard";
import { CancelOrder } from "./CancelOrder";
import { ClaimsCard } from "./ClaimsCard";
import { FlowTimeline } from "./FlowTimeline";
import { MapSkuForm } from "./MapSkuForm";
import { OrderEvents } from "./OrderEvents";
import { OrderLines } from "./OrderLines";
import { OriginCard } from "./OriginCard";
import { OtherWays } from "./OtherWays";
import { PaymentCard } from "./PaymentCard";
import { RelistedLines } from "./RelistedLines";
import { RelistedNote } from "./RelistedNote";
import { RetryStep } from "./RetryStep";
import { ReviewOrder } from "./ReviewOrder";
import { ShippingCard } from "./ShippingCard";
import { orderState, retriedAtLines, unknownCodes } from "./state";

/** One order: what was bought, how far it is, and every event behind it. */
export function OrderPage() {
  const { id } = useParams({ from: "/shell/orders/$id" });
  const { value: order, position, problem, retry } = useTopic(orderTopic(id));
  const codes = order ? unknownCodes(order) : [];
  const missing = order === undefined && problem?.status === 404;

  return (
    <div data-position={position < 0 ? undefined : position} data-c="order">
      <PageHead
        title={t.orders.heading(order?.channel_id ?? id.slice(id.indexOf(":") + 1))}
        back={
          <Link to="/orders" search={{}} className="inline-flex min-h-6 items-center text-accent hover:underline max-md:min-h-11">
            {t.orders.back}
          </Link>
        }
        lead={order ? <Lead order={order} /> : null}
        actions={
          order?.label && (
            <a href={`/api/v1/labels/${encodeURIComponent(order.label.id)}`} download className={buttonLook("plain")} data-c="label">
              <FileDown className="size-4" aria-hidden="true" />
              {t.orders.label}
            </a>
          )
        }
      />
      {missing && (
        <section className="rounded-card border border-line bg-surface" aria-label={t.orders.missing}>
          <Empty
            title={t.orders.missing}
            why={t.orders.missingWhy}
            action={
              <Link to="/orders" search={{}} className={buttonLook()}>
                {t.orders.clear}
              </Link>
            }
          />
        </section>
      )}
      {problem && !missing && (
        <div className="mb-4">
          <Trouble problem={problem} kept={order !== undefined} retry={retry} />
        </div>
      )}
      {order === undefined && !problem && (
        <Card title={t.orders.flow}>
          <Rows count={8} />
        </Card>
      )}
      {order && (
        <div className="grid grid-cols-1 items-start gap-3 md:gap-4 lg:grid-cols-[2fr_3fr] lg:grid-rows-[auto_1fr]">
          <Card title={t.orders.flow} name="o4">
            <FlowTimeline flow={order.flow} placedAt={order.placed_at} />
            {!retriedAtLines(order) && <RetryStep order={order} />}
            <OtherWays order={order} />
            <CancelOrder order={order} />
          </Card>
          <div className="flex min-w-0 flex-col gap-3 md:gap-4 lg:col-start-2 lg:row-span-2 lg:row-start-1">
            <BackorderCard key={`backorder ${order.id}`} order={order} />
            <ReviewOrder key={`review ${order.id}`} order={order} />
            <ClaimsCard order={order} />
            <PaymentCard key={`payment ${order.id}`} order={order} />
            <OriginCard key={`origin ${order.id}`} order={order} />
            <ShippingCard key={order.id} order={order} />
            {codes.map((code) => (
              <MapSkuForm key={code} connection={order.connection} code={code} />
            ))}
            <Card title={t.orders.lines} aside={t.orders.linesCount(order.lines.length)} name="lines">
              <RelistedNote order={order} />
              {order.relisted ? (
                <RelistedLines relisted={order.relisted} unknown={codes} />
              ) : (
                <OrderLines lines={order.lines} total={order.total} unknown={codes} />
              )}
            </Card>
          </div>
          <Card title={t.orders.events} name="events" className="lg:col-start-1">
            <OrderEvents events={order.events} placedAt={order.placed_at} />
          </Card>
        </div>
      )}
    </div>
  );
}

function Lead({ order }: { order: OrderDetail }) {
  const format = useFormat();
  const { state, word } = orderState({ ...order, ...(order.flow && { phase: order.flow.state }) });
  return (
    <span className="flex flex-wrap items-center gap-x-3 gap-y-1 tabular-nums">
      <span data-c="order-state" className="inline-flex">
        <Mark state={state} word={word} />
      </span>
      <span className="font-semibold text-fg">{format.money(order.total)}</span>
      <span>{t.orders.placedOn(format.dateTime(order.placed_at))}</span>
      {order.label && order.label.tracking !== "" && <span>{t.orders.tracking(order.label.tracking)}</span>}
    </span>
  );
}
